// npm run reset: the next npm start begins with a new chain and an empty database.
import { rmSync } from 'node:fs';
import { parseSettings } from './config.ts';
import { openTerminal } from './console.ts';
import { openFolder } from './folder.ts';
import { clearLeftovers, takeLock } from './lock.ts';
import { inOneLine } from './trouble.ts';

const say = openTerminal(process.stdout).as('reset');

try {
  const folder = openFolder(parseSettings(process.env).home);
  const lock = await takeLock(folder);
  await clearLeftovers(lock, say);
  const { root, ...kept } = folder;
  for (const path of Object.values(kept)) rmSync(path, { recursive: true, force: true });
  lock.release();
  say(`${root} holds no chain, no database and no wallets of the stack any more`);
} catch (error) {
  say(inOneLine(error), 'error');
  process.exitCode = 1;
}
