import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bytesToHex } from '@noble/hashes/utils.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readHeight } from '../chain/blocks.ts';
import { deployContract } from '../chain/deploy.ts';
import { gasTransfer } from '../chain/gas.ts';
import { createRpc } from '../chain/rpc.ts';
import { send } from '../chain/send.ts';
import { createDatabase } from '../database/connection.ts';
import { migrate } from '../database/migrate.ts';
import { rebuild } from '../indexer/rebuild.ts';
import { reconcile } from '../indexer/reconcile.ts';
import { contractCall } from '../protocol/contract/call.ts';
import type { ContractCall } from '../protocol/contract/transaction.ts';
import type { Key } from '../protocol/sign/key.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import { openTreasury } from '../stack/accounts.ts';
import { nodeStarter, postgresStarter } from '../stack/base.ts';
import { openFolder, tools } from '../stack/folder.ts';
import type { Starter } from '../stack/keep.ts';
import { nodeUrls } from '../stack/node.ts';
import type { Part } from '../stack/part.ts';
import { postgresUrl } from '../stack/postgres.ts';
import { rememberState, type State } from '../stack/state.ts';
import { createFundedAccounts } from './harness/accounts.ts';
import { seededRandom } from './harness/random.ts';
import { type Service, startService } from './harness/services.ts';
import { eventually, terms } from './harness/world.ts';

/**
 * The indexer that leads, Postgres and node are killed (SIGKILL) at random moments, one after the other, while people
 * use the contract. The node loses its last second of blocks each time; another indexer stands by. Afterwards index and
 * contract agree in every entry, and the index is what follows from its events. CRASH_ROUNDS says how often (100 take a
 * quarter of an hour), CRASH_SEED which choices.
 */
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 6);
const SEED = Number(process.env.CRASH_SEED ?? 1);
/** The node writes its blocks to disk once a second. */
const FLUSH_MS = 1_500;
/** Within this time the indexer that stood by has to lead. */
const TAKEOVER_LIMIT_MS = 5_000;
const silent = { as: () => () => {} };

type Running = { part: Part; start(): Promise<void> };

/** A part of a test's own, which may be killed and started again on the same data. */
async function startPart(starter: Starter): Promise<Running> {
  const running = {
    start: () =>
      starter((begun) => {
        running.part = begun;
      }),
  } as Running;
  await running.start();
  return running;
}

let folder: ReturnType<typeof openFolder>;
let state: State;
let node: Running;
let postgres: Running;
let indexers: Service[] = [];

beforeAll(async () => {
  folder = openFolder(join(tools, `test-crash-${process.pid}`));
  state = await rememberState(folder, () => {});
  const pace = { blockMs: 100, emptyBlockMs: 300, inMemory: false };
  node = await startPart(nodeStarter({ folder, state, terminal: silent }, pace));
  postgres = await startPart(postgresStarter({ folder, state, terminal: silent }, { durable: true }));
});
afterAll(async () => {
  await Promise.all(indexers.map((indexer) => indexer.kill()));
  await Promise.all([node.part.stop(), postgres.part.stop()]);
  rmSync(folder.root, { recursive: true, force: true });
});

test('whatever is killed, index and contract agree in the end', { timeout: 120_000 + ROUNDS * 20_000 }, async () => {
  const { network } = state;
  const urls = nodeUrls(state);
  const rpc = createRpc([urls.rpc]);
  const databaseUrl = postgresUrl(state, 'krypton');
  await migrate(databaseUrl);
  const treasuryKey = bytesToHex((await openTreasury(folder)).privateKey);
  const base = { ...urls, network, treasuryKey, postgres: '', redis: '' };
  const [owner, provider, user] = (await createFundedAccounts(3, undefined, base)) as [Key, Key, Key];
  const { contract, height } = await deployContract({ rpc, network, signer: owner });
  const as = (signer: Signer, ...calls: ContractCall[]) => send({ rpc, network, signer, contract }, calls);
  await as(provider, contractCall(contract, 'deploy', { provider: provider.address, location: 'sip.example.org' }));
  const who = { user: user.address, provider: provider.address };
  await as(user, contractCall(contract, 'register', { ...who, uuid: randomUUID() }));
  await sleep(FLUSH_MS); // so that no kill takes the contract itself away

  const { upTo, pick } = seededRandom(SEED, 'kills');
  const env = {
    KRYPTON_DATABASE_URL: databaseUrl,
    KRYPTON_RPC_URL: urls.rpc,
    KRYPTON_NETWORK: String(network),
    KRYPTON_CONTRACT: contract,
    KRYPTON_DEPLOYED_AT: String(height),
    KRYPTON_HEALTH_PORT: '0',
  };
  indexers = [await startService('indexer', env), await startService('indexer', env)];
  let isOver = false;
  const using = use();
  const killed = { indexer: 0, postgres: 0, node: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    await sleep(upTo(1_500));
    const victim = round < 3 ? (['indexer', 'postgres', 'node'] as const)[round] : undefined;
    await kill(victim ?? pick(['indexer', 'postgres', 'node'] as const));
  }
  isOver = true;
  const done = await using;
  expect(done).toBeGreaterThan(0);

  const db = createDatabase(databaseUrl);
  const head = await readHeight(rpc);
  const cursor = () => db.selectFrom('cursor').select('height').executeTakeFirst();
  await eventually(async () => ((await cursor())?.height ?? 0) >= head, `block ${head} is indexed`, 60_000);
  const result = await reconcile({ db, rpc, contract }, { prove: true });
  expect(result).toMatchObject({ differences: [], agrees: true });
  expect(result.entries).toBeGreaterThan(5);
  expect(await rebuild(db)).toMatchObject({ isSame: true });
  await db.destroy();

  async function kill(what: keyof typeof killed): Promise<void> {
    killed[what] += 1;
    if (what === 'indexer') return killLeader();
    const part = what === 'node' ? node : postgres;
    part.part.kill();
    await part.part.ended;
    await part.start();
  }

  async function killLeader(): Promise<void> {
    const leader = await eventually(findLeader, 'an indexer leads', 60_000);
    indexers = indexers.filter((indexer) => indexer !== leader);
    await leader.kill();
    await eventually(findLeader, 'the one that stood by leads', TAKEOVER_LIMIT_MS);
    indexers.push(await startService('indexer', env));
  }

  async function findLeader(): Promise<Service | undefined> {
    for (const indexer of indexers) if (await leads(indexer)) return indexer;
    return undefined;
  }

  /** People deposit, reserve and pay, again and again. What fails while something is dead is done anew, or not. */
  async function use(): Promise<number> {
    let count = 0;
    for (let i = 0; !isOver; i += 1) {
      try {
        const payment = gasTransfer(user.address, contract, datoshi(5_000n));
        await send({ rpc, network, signer: user }, [payment], { mustReturnTrue: true });
        const open = { ...who, amount: datoshi(4_000n), ...terms, voucherKey: null };
        const { events } = await as(user, contractCall(contract, 'openEscrow', open));
        const opened = events.find((event) => event.name === 'EscrowOpened');
        if (opened && i % 2 === 0) await as(provider, contractCall(contract, 'closeEscrow', { id: opened.id }));
        count += 1;
      } catch {
        await sleep(200); // the node is dead, or has lost what this was about
      }
    }
    return count;
  }
});

/** As it says itself. */
async function leads(indexer: Service): Promise<boolean> {
  const url = /health at (http:[^"]+)/.exec(indexer.log())?.[1];
  const answer = await fetch(`${url}/readyz`);
  return ((await answer.json()) as { role?: string }).role === 'leads';
}
