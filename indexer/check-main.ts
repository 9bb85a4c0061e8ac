import { parseArgs } from 'node:util';
import { createRpc } from '../chain/rpc.ts';
import { createDatabase } from '../database/connection.ts';
import { loadConfig } from '../process/config.ts';
import { describe } from '../process/describe.ts';
import { settings } from '../process/settings.ts';
import { rebuild } from './rebuild.ts';
import { reconcile } from './reconcile.ts';

/**
 * What `krypton rebuild` and `krypton reconcile` run: beside the database, with the indexer's own rights. Prints JSON.
 * Exit status 0: all agrees; 1: it does not; 2: it could not be found out.
 */
const { databaseUrl, rpcUrl, network, contract, logLevel } = settings;

async function main(): Promise<boolean> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { height: { type: 'string' }, prove: { type: 'boolean', default: false } },
  });
  const [task] = positionals;
  if (task === 'rebuild') {
    const db = createDatabase(loadConfig({ databaseUrl, logLevel }, process.env).databaseUrl, 'indexer');
    const result = await rebuild(db).finally(() => db.destroy());
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return true;
  }
  if (task !== 'reconcile') throw new Error('expected rebuild or reconcile');
  const config = loadConfig({ databaseUrl, rpcUrl, network, contract, logLevel }, process.env);
  const db = createDatabase(config.databaseUrl, 'indexer');
  const rpc = createRpc(config.rpcUrl, { network: config.network });
  const height = values.height === undefined ? undefined : Number(values.height);
  const deps = { db, rpc, contract: config.contract };
  const result = await reconcile(deps, { height, prove: values.prove }).finally(() => db.destroy());
  process.stdout.write(`${JSON.stringify(result)}\n`);
  return result.agrees;
}

main().then(
  (agrees) => {
    process.exitCode = agrees ? 0 : 1;
  },
  (error) => {
    process.stderr.write(`${describe(error)}\n`);
    process.exitCode = 2;
  },
);
