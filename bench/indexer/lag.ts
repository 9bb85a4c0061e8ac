import { type ChildProcess, fork } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { deployContract } from '../../chain/deploy.ts';
import { gasTransfer, transferGas } from '../../chain/gas.ts';
import { createRpc, type Rpc } from '../../chain/rpc.ts';
import { broadcast } from '../../chain/transaction.ts';
import { migrate } from '../../database/migrate.ts';
import { createNonce, scriptOf, signTransaction } from '../../protocol/contract/transaction.ts';
import { createKey } from '../../protocol/sign/key.ts';
import { datoshi, datoshiPerGas } from '../../protocol/types/datoshi.ts';
import { height } from '../../protocol/types/height.ts';
import { openTreasury } from '../../stack/accounts.ts';
import { nodeStarter } from '../../stack/base.ts';
import { openFolder, repository, tools } from '../../stack/folder.ts';
import { keepRunning } from '../../stack/keep.ts';
import { nodeUrls } from '../../stack/node.ts';
import { rememberState } from '../../stack/state.ts';
import { end, indexerEnv, type MakeDatabase } from './backfill.ts';
import { type Figure, percentileOf } from './figure.ts';

/** From the moment at which a node tells of a block to the moment at which Postgres tells of it. */
const PACES: readonly { blockMs: number; blocks: number }[] = [
  { blockMs: 100, blocks: 200 },
  { blockMs: 1_000, blocks: 100 },
];
const silent = () => {};

export async function measureLag(makeDatabase: MakeDatabase, say: (line: string) => void): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { blockMs, blocks } of PACES) {
    const { ours, bare } = await lagsAt(blockMs, blocks, await makeDatabase(`lag_${blockMs}`));
    for (const [name, share] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const) {
      const [one, other] = [percentileOf(ours, share), percentileOf(bare, share)];
      const what = `lag ${name} at ${blockMs} ms a block, beside one RPC and one commit`;
      figures.push({
        name: what,
        unit: 'ms',
        ours: one,
        ceiling: other,
        ratio: one / other,
        spread: [one / other, one / other],
        rounds: 1,
      });
    }
    say(`blocks of ${blockMs} ms: ${ours.length} lags of ours, ${bare.length} bare ones`);
  }
  return figures;
}

/** Each block holds a deposit. First the real indexer follows, then a bare loop on the same node. */
async function lagsAt(
  blockMs: number,
  blocks: number,
  databaseUrl: string,
): Promise<{ ours: number[]; bare: number[] }> {
  const folder = openFolder(join(tools, `bench-lag-${process.pid}`));
  const state = await rememberState(folder, silent);
  const pace = { blockMs, emptyBlockMs: blockMs + 1, inMemory: true };
  const start = nodeStarter({ folder, state, terminal: { as: () => silent } }, pace);
  const node = keepRunning({ name: 'node', start, say: silent, begun: silent, up: silent });
  let indexer: ChildProcess | undefined;
  let depositing: NodeJS.Timeout | undefined;
  try {
    await node.ready;
    const { rpc: rpcUrl, ws } = nodeUrls(state);
    const rpc = createRpc([rpcUrl]);
    const [owner, user] = [createKey(), createKey()];
    const treasury = { rpc, network: state.network, signer: await openTreasury(folder) };
    const amount = datoshi(10_000n * datoshiPerGas);
    await transferGas(
      treasury,
      [owner, user].map(({ address }) => ({ to: address, amount })),
    );
    const { contract, height: deployedAt } = await deployContract({ rpc, network: state.network, signer: owner });
    await migrate(databaseUrl);
    depositing = keepDepositing(rpc, state.network, contract, user, blockMs);
    const chain = { rpcUrl, network: state.network, contract, deployedAt: deployedAt ?? 0 };
    indexer = fork(join(repository, 'indexer', 'main.ts'), {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: indexerEnv(chain, databaseUrl),
    });
    const ours = await watch(ws, databaseUrl, blocks, silent);
    await end(indexer);
    const bare = await watchBare(chain, ws, databaseUrl, blocks);
    return { ours, bare };
  } finally {
    clearInterval(depositing);
    if (indexer) await end(indexer);
    await node.stop();
    rmSync(folder.root, { recursive: true, force: true });
  }
}

function keepDepositing(
  rpc: Rpc,
  network: number,
  contract: Parameters<typeof gasTransfer>[1],
  user: ReturnType<typeof createKey>,
  everyMs: number,
): NodeJS.Timeout {
  const script = scriptOf([gasTransfer(user.address, contract, datoshi(1n))], { mustReturnTrue: true });
  const fees = { systemFee: datoshi(datoshiPerGas / 2n), networkFee: datoshi(datoshiPerGas / 50n) };
  const deposit = async () => {
    const validUntilBlock = height((await rpc.call('getblockcount')) + 100);
    const { bytes } = await signTransaction({ script, validUntilBlock, ...fees, nonce: createNonce() }, user, network);
    await broadcast(rpc, bytes);
  };
  return setInterval(() => void deposit().catch(silent), everyMs); // one that is refused leaves its block empty
}

/** Lags of so many blocks, once all that were told before are taken in. */
async function watch(
  ws: string,
  databaseUrl: string,
  blocks: number,
  onBlock: (index: number) => void,
): Promise<number[]> {
  const listener = new pg.Client({ connectionString: databaseUrl });
  await listener.connect();
  await listener.query('listen krypton_head');
  const toldAt = new Map<number, number>();
  let newest = 0;
  let isCaughtUp = false;
  const lags: number[] = [];
  const socket = new WebSocket(ws);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  socket.onmessage = ({ data }) => {
    const { params } = JSON.parse(data) as { params?: { index: number }[] };
    const index = params?.[0]?.index;
    if (index === undefined) return;
    newest = index;
    toldAt.set(index, performance.now());
    onBlock(index);
  };
  socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'subscribe', params: ['header_of_added_block'] }));
  await new Promise<void>((resolve) => {
    listener.on('notification', ({ payload }) => {
      for (const [index, at] of toldAt) {
        if (index > Number(payload)) continue;
        if (isCaughtUp) lags.push(performance.now() - at);
        toldAt.delete(index);
      }
      isCaughtUp ||= Number(payload) >= newest;
      if (lags.length >= blocks + WARM_UP) resolve();
    });
  });
  socket.close();
  await listener.end();
  return lags.slice(WARM_UP);
}

/** A process that has just started is slow. */
const WARM_UP = 10;

/** The same block asked for by one request and written by one commit: no check, no state. */
async function watchBare(
  { rpcUrl, contract }: { rpcUrl: string; contract: string },
  ws: string,
  databaseUrl: string,
  blocks: number,
): Promise<number[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('create table bare (height integer primary key, answer jsonb)');
  const take = async (index: number) => {
    const body = JSON.stringify([
      { jsonrpc: '2.0', id: 1, method: 'getblockheader', params: [index, 1] },
      { jsonrpc: '2.0', id: 2, method: 'getblocknotifications', params: [index, { contract }] },
    ]);
    const answer = await fetch(rpcUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const text = JSON.stringify(await answer.json());
    await client.query(`with taken as (insert into bare values ($1, $2)) select pg_notify('krypton_head', $3)`, [
      index,
      text,
      String(index),
    ]);
  };
  let last = Promise.resolve();
  const lags = await watch(ws, databaseUrl, blocks, (index) => {
    last = last.then(() => take(index));
  });
  await last;
  await client.end();
  return lags;
}
