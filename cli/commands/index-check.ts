import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import type { Settings } from '../config.ts';
import { fields, money, print } from '../print.ts';
import { act, examples } from '../program.ts';
import { Refusal } from '../refusal.ts';

/** What an operator holds the index against: the contract's own storage, and the index's own events. */
export function addIndexCheck(program: Command): void {
  program
    .command('reconcile')
    .description("hold the index against the contract's own storage: every provider, registration, balance and escrow")
    .option('--height <H>', 'as of this block; without it, as of the newest one of the index', toHeight)
    .option('--prove', 'take from the node nothing without a proof against the state root', false)
    .addHelpText('after', examples('reconcile', 'reconcile --height 120000 --prove', 'reconcile --json'))
    .action(act(reconcile));
  program
    .command('rebuild')
    .description("derive the index's state anew from its events, compare it table by table, and put right what differs")
    .addHelpText('after', examples('rebuild', 'rebuild --json'))
    .action(act(rebuild));
}

function toHeight(given: string): number {
  if (!/^\d{1,10}$/.test(given)) throw new InvalidArgumentError('expected the height of a block');
  return Number(given);
}

const amount = z.string().transform(BigInt);
const reconciliationSchema = z.object({
  height: z.int(),
  root: z.string().nullable(),
  proved: z.boolean(),
  entries: z.int(),
  differences: z.array(
    z.object({
      key: z.string(),
      index: z.string().nullable(),
      chain: z.string().nullable(),
      lastTouchedAt: z.int().nullable(),
    }),
  ),
  conservation: z.object({ held: amount, balances: amount, reserved: amount, holds: z.boolean() }),
  agrees: z.boolean(),
});

async function reconcile(settings: Settings, { height, prove }: { height?: number; prove: boolean }): Promise<void> {
  const given = [...(height === undefined ? [] : ['--height', String(height)]), ...(prove ? ['--prove'] : [])];
  const result = reconciliationSchema.parse(await run(settings, ['reconcile', ...given]));
  const { conservation, differences } = result;
  print(settings.json, result, () => [
    ...fields({
      block: result.height,
      'state root': result.root ?? 'the node keeps none',
      entries: `${result.entries} in the contract's storage${result.proved ? ', each proved' : ''}`,
      'GAS in it': money(conservation.held),
      'it owes': `${money(conservation.balances)} of balances, ${money(conservation.reserved)} in open escrows`,
      differences: differences.length,
    }),
    ...differences.flatMap(({ key, index, chain, lastTouchedAt }) => [
      '',
      `${key}, last touched in block ${lastTouchedAt ?? '(none)'}`,
      `  index: ${index ?? 'nothing'}`,
      `  chain: ${chain ?? 'nothing'}`,
    ]),
  ]);
  if (!conservation.holds) throw new Refusal('the contract holds less GAS than the index says that it owes');
  if (differences.length > 0) throw new Refusal(`index and contract differ in ${differences.length} entries`);
}

const rebuiltSchema = z.object({
  height: z.int(),
  isSame: z.boolean(),
  tables: z.array(
    z.object({
      table: z.string(),
      running: z.string().nullable(),
      standing: z.string(),
      rebuilt: z.string(),
      changed: z.int(),
    }),
  ),
});

async function rebuild(settings: Settings): Promise<void> {
  const result = rebuiltSchema.parse(await run(settings, ['rebuild']));
  print(settings.json, result, () => [
    ...fields({ block: result.height }),
    ...result.tables.map(({ table, running, standing, rebuilt, changed }) => {
      if (changed > 0) return `${table}: ${changed} rows were put right (digest ${rebuilt}, before ${standing})`;
      return `${table}: the same (digest ${rebuilt})${running === rebuilt ? '' : ', and its running digest was put right'}`;
    }),
  ]);
}

const script = join(import.meta.dirname, '..', '..', 'indexer', 'check-main.ts');

/** Runs beside the database, with the indexer's own rights: this command imports no service. */
async function run(settings: Settings, args: readonly string[]): Promise<unknown> {
  const { rpc, network, contract } = settings;
  const databaseUrl = settings.databaseUrl;
  if (!databaseUrl) throw new Refusal('no database is known: run npm start, or set KRYPTON_DATABASE_URL');
  const known = {
    KRYPTON_DATABASE_URL: databaseUrl,
    KRYPTON_RPC_URL: rpc?.join(','),
    KRYPTON_NETWORK: network?.toString(),
    KRYPTON_CONTRACT: contract,
  };
  const child = spawn(process.execPath, [script, ...args], {
    env: { ...process.env, ...known },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [answer, words, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (status === 0 || status === 1) return JSON.parse(answer);
  throw new Refusal(words.trim().split('\n').at(-1) ?? 'the index can not be checked');
}
