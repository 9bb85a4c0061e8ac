import { describe, expect, test } from 'vitest';
import { createKey } from '../protocol/sign/key.ts';
import type { ScriptHash, TxHash } from '../protocol/types/hash.ts';
import { height } from '../protocol/types/height.ts';
import { type Asked, ordinary, startFakeNode, type Tell, type Told, usually } from '../test/harness/fake-node.ts';
import { createBlockReader } from './blocks.ts';
import { GasLimitReached, NodeUnavailable, rpcCode } from './errors.ts';
import { invokeScript } from './invoke.ts';
import { readExecuted, readOutcome } from './outcome.ts';
import { createReader } from './read.ts';
import { createRpc } from './rpc.ts';
import { signScript } from './transaction.ts';

const contract = `0x${'cc'.repeat(20)}` as ScriptHash;
const rpcOf = (...nodes: { url: string }[]) => createRpc(nodes.map(({ url }) => url));
const method = (asked: Asked[], name: string) => asked.filter((one) => one.method === name);
const run = (state: 'HALT' | 'FAULT', gasconsumed: bigint, stack: unknown[] = []): Told => ({
  result: {
    state,
    exception: state === 'HALT' ? null : 'at instruction 7: gone wrong',
    gasconsumed: String(gasconsumed),
    stack,
    notifications: [],
  },
});

describe('GAS for a dry run', () => {
  /** A node that gives so much, for a script that needs so much and may then be refused by the contract. */
  const giving =
    (limit: bigint, needed: bigint, refuses = false): Tell =>
    (asked) => {
      if (asked.method !== 'invokescript') return usually()(asked);
      const isProbe = Buffer.from(String(asked.params[0]), 'base64').length === 5;
      const used = isProbe ? 480n : needed;
      if (used > limit) return run('FAULT', limit + 30n); // it stops with the instruction that was too much
      if (isProbe) return run('HALT', used, [{ type: 'Integer', value: String(limit - used) }]);
      return refuses ? run('FAULT', used) : run('HALT', used, [{ type: 'Any' }]);
    };
  const script = new Uint8Array(40);

  test('too little at one node is no refusal of the contract: the next one is asked', async () => {
    const nodes = [await startFakeNode(giving(1_000n, 5_000n)), await startFakeNode(giving(100_000n, 5_000n))];
    expect(await invokeScript(rpcOf(...nodes), script)).toMatchObject({ state: 'HALT', gasConsumed: 5_000n });
  });

  test.each([1_000n, 0n])('too little at all of them is told as what it is (%i)', async (limit) => {
    const nodes = [await startFakeNode(giving(limit, 5_000n)), await startFakeNode(giving(limit, 5_000n))];
    const asked = invokeScript(rpcOf(...nodes), script);
    await expect(asked).rejects.toThrow(GasLimitReached);
    await expect(asked).rejects.toThrow(NodeUnavailable);
    await expect(asked).rejects.toThrow('MaxGasInvoke');
  });

  test('a refusal of the contract is believed, and asked for once', async () => {
    const nodes = [await startFakeNode(giving(100_000n, 5_000n, true)), await startFakeNode(usually())] as const;
    expect(await invokeScript(rpcOf(...nodes), script)).toMatchObject({ state: 'FAULT' });
    expect(nodes[1].asked).toEqual([]);
  });

  test('a node without a limit refuses nothing by it', async () => {
    const tell: Tell = ({ params }) =>
      Buffer.from(String(params[0]), 'base64').length === 5
        ? run('HALT', 480n, [{ type: 'Integer', value: '-1' }])
        : run('FAULT', 10n ** 12n);
    expect(await invokeScript(rpcOf(await startFakeNode(tell)), script)).toMatchObject({ state: 'FAULT' });
  });

  test('too little to verify a witness is that node`s matter too', async () => {
    const refusal = { error: { code: rpcCode.invalidSignature, message: 'Invalid signature' } };
    const nodes = [await startFakeNode(usually({ calculatenetworkfee: refusal })), await startFakeNode(usually())];
    const options = { network: 42, signer: createKey(), validForBlocks: 5 };
    expect(await signScript(rpcOf(...nodes), script, options)).toMatchObject({ networkFee: 122_852n });
  });
});

describe('what belongs together comes from one node', () => {
  const items = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({ type: 'Integer', value: String(from + i) }));
  /** An iterator over 150 items from `from` on; its second page may fail. */
  const iterating = (from: number, second: Told): Tell => {
    let pages = 0;
    return (asked) => {
      if (asked.method === 'invokescript') {
        const stack = [{ type: 'InteropInterface', interface: 'IIterator', id: `${from}` }];
        return {
          result: { state: 'HALT', exception: null, gasconsumed: '1', stack, notifications: [], session: `${from}` },
        };
      }
      if (asked.params[0] !== `${from}`) return { error: { code: rpcCode.unknownSession, message: 'Unknown session' } };
      pages += 1;
      return pages === 1 ? { result: items(from, 100) } : second;
    };
  };

  test.each([
    ['forgets its session', { error: { code: rpcCode.unknownSession, message: 'Unknown session' } }],
    ['falls over', { result: null }],
  ] as [string, Told][])('an iteration, where a node %s in its middle', async (_name, second) => {
    const nodes = [
      await startFakeNode(iterating(0, second)),
      await startFakeNode(iterating(1_000, { result: items(1_100, 50) })),
    ];
    const ids = await createReader(rpcOf(...nodes), contract).escrowsOf(createKey().address);
    expect(ids).toEqual(items(1_000, 150).map(({ value }) => BigInt(value)));
  });

  test('a node without filtered notifications is read by its logs, and others are not', async () => {
    const missing = { error: { code: rpcCode.methodNotFound, message: 'Method not found' } };
    const [logs, filtered] = [
      await startFakeNode(usually({ getblocknotifications: missing })),
      await startFakeNode(usually()),
    ];
    const rpc = rpcOf(logs, filtered);
    const read = createBlockReader(contract);
    const blocks = () => rpc.use((node) => read(node, height(7), 1));
    const [first] = [await blocks(), await blocks()];
    expect(method(logs.asked, 'getblocknotifications')).toHaveLength(1);
    rpc.leave();
    expect(await blocks()).toEqual(first);
    expect(method(filtered.asked, 'getblocknotifications')).toHaveLength(1);
    expect(method(filtered.asked, 'getblock')).toHaveLength(0);
  });

  test('a block without its log is read at another node', async () => {
    const missing = { error: { code: rpcCode.methodNotFound, message: 'Method not found' } };
    const broken = usually({
      getblocknotifications: missing,
      getapplicationlog: { error: { code: -100, message: 'broken' } },
    });
    const rpc = rpcOf(await startFakeNode(broken), await startFakeNode(usually()));
    const read = createBlockReader(contract);
    expect(await rpc.use((node) => read(node, height(7), 1))).toMatchObject([{ height: 7, notifications: [{}] }]);
  });

  test.each([
    ['another block', { getblockheader: { result: { ...(ordinary.getblockheader as object), index: 6 } } }],
    ['our notification without fields', { getblocknotifications: notified({ type: 'Integer', value: '1' }) }],
    ['a field of no type', { getblocknotifications: notified({ type: 'Array', value: [{ type: 'Byte' }] }) }],
    [
      'bytes that are none',
      { getblocknotifications: notified({ type: 'Array', value: [{ type: 'Buffer', value: '?' }] }) },
    ],
  ])('a node that gives %s is left', async (_name, unusual) => {
    const rpc = rpcOf(await startFakeNode(usually(unusual)), await startFakeNode(usually()));
    const read = createBlockReader(contract);
    expect(await rpc.use((node) => read(node, height(7), 1))).toMatchObject([{ height: 7 }]);
  });

  test('what strangers emit may be unreadable: it stops nobody', async () => {
    const [own] = (ordinary.getblocknotifications as { application: object[] }).application;
    const foreign = { ...own, contract: `0x${'dd'.repeat(20)}`, state: 'error: recursive' };
    const node = await startFakeNode(usually({ getblocknotifications: { result: { application: [foreign, own] } } }));
    const read = createBlockReader(contract);
    const blocks = await rpcOf(node).use((one) => read(one, height(7), 1));
    expect(blocks).toMatchObject([{ notifications: [{ ordinal: 0, name: 'Deposited' }] }]);
  });

  test.each(['getapplicationlog', 'gettransactionheight'])(
    'a node that has a transaction, but not its %s, is not believed to know its end',
    async (missing) => {
      const unknown = { error: { code: rpcCode.unknownScriptContainer, message: 'Unknown' } };
      const late = { getblockcount: { result: 100 } };
      const nodes = [await startFakeNode(usually({ ...late, [missing]: unknown })), await startFakeNode(usually(late))];
      const outcome = readOutcome(rpcOf(...nodes), `0x${'b1'.repeat(32)}` as never, height(20));
      expect(await outcome).toMatchObject({ kind: 'executed', height: 7 });
    },
  );
});

function notified(state: unknown): Told {
  const [own] = (ordinary.getblocknotifications as { application: object[] }).application;
  return { result: { application: [{ ...own, state }] } };
}

describe('a transaction that somebody asks about', () => {
  const txHash = `0x${'b1'.repeat(32)}` as TxHash;
  const unknown = { error: { code: rpcCode.unknownTransaction, message: 'Unknown transaction' } };

  test('is told with its block and its time, without a batch', async () => {
    const node = await startFakeNode(usually(), (asked) => (Array.isArray(asked) ? { status: 400, body: 'no' } : null));
    const { time } = ordinary.getblockheader as { time: number };
    expect(await readExecuted(rpcOf(node), txHash)).toMatchObject({
      height: 7,
      time: new Date(time),
      execution: { state: 'HALT', notifications: [{ name: 'Deposited' }] },
    });
  });

  test('is not there where the node does not know it; without its log nothing is said of it', async () => {
    expect(
      await readExecuted(rpcOf(await startFakeNode(usually({ gettransactionheight: unknown }))), txHash),
    ).toBeNull();
    const noLog = readExecuted(rpcOf(await startFakeNode(usually({ getapplicationlog: unknown }))), txHash);
    await expect(noLog).rejects.toThrow('in block 7, but no application log of it');
    await expect(noLog).rejects.toThrow(NodeUnavailable);
  });
});
