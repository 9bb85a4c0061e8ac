// Before all else, at each start: what the devnet's containers need to begin with. What is there already is kept.
import { join } from 'node:path';
import { nodeConfig } from '../../stack/node-config.ts';
import { newNetwork, newPassword } from '../../stack/state.ts';
import { inOneLine } from '../../stack/trouble.ts';
import { provideWallet, readPassword } from '../../stack/wallets.ts';
import { keep, networkFile, storesFile, volumes, walletIn, writeFor } from './files.ts';

/** As npm start has them. */
const pace = { blockMs: 1_000, emptyBlockMs: 5_000, inMemory: false };

try {
  const network = Number(keep(networkFile, () => String(newNetwork())));
  const wallet = walletIn(volumes.validator, 'wallet');
  const { publicKey } = await provideWallet(wallet, 'validator');
  const unlock = { path: wallet.path, password: readPassword(wallet) };
  const listen = { rpc: '0.0.0.0:10332', peers: '127.0.0.1:10333' };
  writeFor(
    join(volumes.validator, 'neogo.yml'),
    nodeConfig({ network, listen, wallet: unlock, publicKey, pace, chain: '/var/lib/neo-go/chain' }),
  );

  const postgres = keep(join(volumes.stores, 'postgres-password'), newPassword);
  const valkey = keep(join(volumes.stores, 'valkey-password'), newPassword);
  writeFor(join(volumes.stores, 'valkey.conf'), valkeyConfig(valkey));
  writeFor(
    storesFile,
    `KRYPTON_DATABASE_URL=postgres://krypton:${postgres}@postgres:5432/krypton\nKRYPTON_REDIS_URL=redis://:${valkey}@valkey:6379\n`,
  );
  console.log(`prepared: devnet ${network}`);
} catch (error) {
  console.error(`prepare: ${inOneLine(error)}`);
  process.exit(1);
}

/** In a file, not in arguments: everyone on the machine can read a process's arguments. */
function valkeyConfig(password: string): string {
  const lines = [
    'bind *',
    'port 6379',
    `requirepass ${password}`,
    'save ""',
    'appendonly no',
    'maxmemory 192mb',
    'maxmemory-policy noeviction', // a queue must refuse when full, never forget
  ];
  return `${lines.join('\n')}\n`;
}
