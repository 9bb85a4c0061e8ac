// node stack/run-neo-go.ts <arguments>: the neo-go that contract/go.mod pins, with these arguments.
import { spawnSync } from 'node:child_process';
import { provideNeoGo } from './neo-go.ts';
import { inOneLine } from './trouble.ts';

try {
  const binary = await provideNeoGo((message) => console.error(message));
  const { status } = spawnSync(binary, process.argv.slice(2), { stdio: 'inherit' });
  process.exitCode = status ?? 1;
} catch (error) {
  console.error(inOneLine(error));
  process.exitCode = 1;
}
