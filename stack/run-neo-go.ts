// node stack/run-neo-go.ts <arguments>: the neo-go that contract/go.mod pins, with these arguments. It compiles contracts
// by a Go on the PATH, where the one that was fetched is not.
import { spawnSync } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { findGo, readGoModule } from './go.ts';
import { provideNeoGo } from './neo-go.ts';
import { inOneLine } from './trouble.ts';

try {
  const say = (message: string) => console.error(message);
  const binary = await provideNeoGo(say);
  const go = await findGo(readGoModule().go, say);
  const env = { ...process.env, PATH: [process.env.PATH, dirname(go)].join(delimiter) };
  const { status } = spawnSync(binary, process.argv.slice(2), { stdio: 'inherit', env });
  process.exitCode = status ?? 1;
} catch (error) {
  console.error(inOneLine(error));
  process.exitCode = 1;
}
