import { describe, expect, test } from 'vitest';
import { type FakeNode, startFakeNode, type Tell, type Told, usually, type Wire } from '../test/harness/fake-node.ts';
import { NodeRefuses, NodeUnavailable, RpcError, rpcCode, WrongChain, WrongNetwork } from './errors.ts';
import type { PoolEvent } from './pool.ts';
import { createRpc, type RpcOptions } from './rpc.ts';

/** Some nodes in their order, and what is reported of them. */
async function poolOf(nodes: readonly FakeNode[], options: RpcOptions = {}) {
  const events: PoolEvent[] = [];
  const rpc = createRpc(
    nodes.map(({ url }) => url),
    { report: (event) => events.push(event), ...options },
  );
  return { rpc, events };
}

const height = (count: number): Tell => usually({ getblockcount: { result: count } });
const silence: Wire = () => 'silence';
const of = (network: number): Tell =>
  usually({
    getversion: {
      result: {
        useragent: '/NEO-GO/',
        protocol: { network, msperblock: 1_000, maxvaliduntilblockincrement: 10, validatorscount: 1 },
      },
    },
  });

describe('an answer that speaks of the node: the next one is asked at once', () => {
  const refusals = [
    ['the limit of requests', -32005],
    ['an internal error', rpcCode.internal],
    ['a method that is needed and missing', rpcCode.methodNotFound],
    ['a body that is too large for it', rpcCode.parseError],
    ['a code that nobody has told us of', -100],
    ['a state that it does not keep', rpcCode.unsupportedState],
  ] as const;
  const answers: [string, Told][] = [
    ...refusals.map(([name, code]): [string, Told] => [name, { error: { code, message: 'no' } }]),
    ['a code that is no number', { error: { code: 'x' as never, message: 'no' } }],
    ['a null', { result: null }],
    ['nothing', { result: undefined }],
    ['another type', { result: '8' }],
    ['a height that can not be', { result: -1 }],
  ];
  test.each(answers)('%s, alone and in a batch', async (_name, told) => {
    const faulty = await startFakeNode(usually({ getblockcount: told }));
    const healthy = await startFakeNode(height(9));
    expect(await (await poolOf([faulty, healthy])).rpc.call('getblockcount')).toBe(9);
    const calls = [
      { method: 'getblockhash', params: [0] },
      { method: 'getblockcount', params: [] },
    ] as const;
    const { rpc, events } = await poolOf([faulty, healthy]);
    expect((await rpc.batch(calls))[1]).toEqual({ result: 9 });
    expect(events).toMatchObject([{ kind: 'left', node: faulty.url }]);
    await expect((await poolOf([faulty])).rpc.call('getblockcount')).rejects.toThrow(NodeRefuses);
  });

  const wires: [string, Wire][] = [
    ['HTTP status 429', () => ({ status: 429, body: '{}' })],
    ['HTTP status 503', () => ({ status: 503, body: '' })],
    ['a page in place of JSON', () => ({ body: '<html>' })],
    ['JSON that is no object', () => ({ body: 'null' })],
    ['an empty body', () => ({ body: '' })],
    ['nothing in time', silence],
  ];
  test.each(wires)('%s', async (_name, wire) => {
    const faulty = await startFakeNode(usually(), wire);
    const { rpc } = await poolOf([faulty, await startFakeNode(height(9))], { timeoutMs: 300 });
    expect(await rpc.call('getblockcount')).toBe(9);
    expect(faulty.asked).toHaveLength(1);
  });

  const batches: [string, unknown][] = [
    ['one error object', { jsonrpc: '2.0', error: { code: -32600, message: 'no batches' } }],
    ['an answer too few', [{ jsonrpc: '2.0', id: 0, result: 8 }]],
    ['a hole', [{ jsonrpc: '2.0', id: 0, result: 8 }, null]],
    ['null', null],
  ];
  test.each(batches)('a batch that is answered with %s', async (_name, body) => {
    const faulty = await startFakeNode(usually(), () => ({ body: JSON.stringify(body) }));
    const { rpc } = await poolOf([faulty, await startFakeNode(height(9))]);
    const calls = [1, 2].map(() => ({ method: 'getblockcount', params: [] }) as const);
    expect(await rpc.batch(calls)).toEqual([{ result: 9 }, { result: 9 }]);
  });

  test('every method has its form', async () => {
    const broken = await startFakeNode(() => ({ result: { none: 'of this' } }));
    const { rpc } = await poolOf([broken, await startFakeNode(usually())]);
    for (const method of ['getversion', 'getblockheader', 'getblock', 'getblockhash', 'getapplicationlog'] as const)
      await expect(rpc.call(method)).resolves.toBeTruthy();
    for (const method of ['invokescript', 'calculatenetworkfee', 'traverseiterator', 'getcontractstate'] as const)
      await expect((await poolOf([broken])).rpc.call(method)).rejects.toThrow('gives a wrong answer');
  });
});

describe('an answer that speaks of the request is believed', () => {
  test.each([
    ['sendrawtransaction', rpcCode.expired],
    ['sendrawtransaction', rpcCode.insufficientFunds],
    ['sendrawtransaction', rpcCode.alreadyPooled],
    ['getcontractstate', rpcCode.unknownContract],
    ['getapplicationlog', rpcCode.unknownScriptContainer],
    ['getapplicationlog', rpcCode.invalidParams],
    ['getblockhash', rpcCode.unknownHeight],
  ] as const)('%s: %i', async (method, code) => {
    const first = await startFakeNode(usually({ [method]: { error: { code, message: 'no', data: 'why' } } }));
    const second = await startFakeNode(usually());
    const refused = (await poolOf([first, second])).rpc.call(method, []);
    await expect(refused).rejects.toThrow(RpcError);
    await expect(refused).rejects.toMatchObject({ code, data: 'why' });
    expect(second.asked).toEqual([]);
  });

  test('but for a pool that is full: another node may have room', async () => {
    const full = { error: { code: rpcCode.poolIsFull, message: 'full' } };
    const { rpc } = await poolOf([
      await startFakeNode(usually({ sendrawtransaction: full })),
      await startFakeNode(usually()),
    ]);
    await expect(rpc.call('sendrawtransaction', [''])).resolves.toBeTruthy();
  });
});

describe('the pool', () => {
  test('leaves a silent node once, however many find it silent', async () => {
    const [silent, alive] = [await startFakeNode(usually(), silence), await startFakeNode(height(9))];
    const { rpc, events } = await poolOf([silent, alive], { timeoutMs: 300 });
    for (let i = 0; i < 5; i += 1)
      expect(await Promise.all([rpc.call('getblockcount'), rpc.call('getblockcount')])).toEqual([9, 9]);
    expect([silent.asked.length, alive.asked.length]).toEqual([2, 10]);
    expect(events).toHaveLength(1);
  });

  test('leaves a node on demand, and comes back to it after the others', async () => {
    const { rpc } = await poolOf([await startFakeNode(height(1)), await startFakeNode(height(2))]);
    const heights = [];
    for (let i = 0; i < 3; i += 1) {
      heights.push(await rpc.call('getblockcount'));
      rpc.leave();
    }
    expect(heights).toEqual([1, 2, 1]);
  });

  test('says why, where none can answer', async () => {
    const silent = await startFakeNode(usually(), silence);
    const alone = (await poolOf([silent], { timeoutMs: 50 })).rpc.call('getblockcount');
    await expect(alone).rejects.toThrow(`the NEO node at ${silent.url} does not answer`);
    const limited = await startFakeNode(usually(), () => ({ status: 429, body: '' }));
    const both = (await poolOf([silent, limited], { timeoutMs: 50 })).rpc.call('getblockcount');
    await expect(both).rejects.toThrow(/no NEO node can be used: .*timeout; .*HTTP status 429/);
    await expect(both).rejects.toThrow(NodeUnavailable);
  });

  test('starts a work of several steps anew at the next node', async () => {
    const failing = await startFakeNode(usually({ getblockhash: { result: null } }));
    const { rpc } = await poolOf([failing, await startFakeNode(height(9))]);
    const work = rpc.use(async (node) => [await node.call('getblockcount'), await node.call('getblockhash', [1])]);
    expect((await work)[0]).toBe(9);
  });

  test('turns to a node that is ahead', async () => {
    const [behind, ahead] = [await startFakeNode(height(10)), await startFakeNode(height(13))];
    const { rpc, events } = await poolOf([behind, await startFakeNode(height(12)), ahead]);
    await rpc.lookAround();
    expect(await rpc.call('getblockcount')).toBe(13);
    expect(events).toMatchObject([{ kind: 'left', node: behind.url }]);
    await rpc.lookAround(); // not at each block
    expect(ahead.asked).toHaveLength(2);
  });

  test('stays where nobody is far ahead', async () => {
    const { rpc } = await poolOf([await startFakeNode(height(10)), await startFakeNode(height(12))]);
    await rpc.lookAround();
    expect(await rpc.call('getblockcount')).toBe(10);
  });
});

describe('a wrong node', () => {
  test('of another network is left out, and said once', async () => {
    const [wrong, right] = [await startFakeNode(of(7)), await startFakeNode(of(42))];
    const { rpc, events } = await poolOf([wrong, right], { network: 42 });
    for (let i = 0; i < 3; i += 1) expect(await rpc.call('getblockcount')).toBe(8);
    rpc.leave();
    expect(await rpc.call('getblockcount')).toBe(8);
    expect(events).toMatchObject([{ kind: 'wrong', node: wrong.url }]);
    expect(wrong.asked).toHaveLength(1);
  });

  test('does not end anything while the right one is away', async () => {
    const [right, wrong] = [await startFakeNode(of(42)), await startFakeNode(of(7))];
    const { rpc } = await poolOf([right, wrong], { network: 42 });
    await rpc.call('getblockcount');
    right.stop();
    await expect(rpc.call('getblockcount')).rejects.toThrow(NodeUnavailable);
    await expect(rpc.call('getblockcount')).rejects.toThrow('of network 7');
  });

  test('is the end where every one that answers is wrong', async () => {
    const dead = await startFakeNode(of(42));
    dead.stop();
    const nodes = [dead, await startFakeNode(of(7)), await startFakeNode(of(8))];
    const asked = (await poolOf(nodes, { network: 42 })).rpc.call('getblockcount');
    await expect(asked).rejects.toThrow(WrongNetwork);
    await expect(asked).rejects.toThrow(/of network 7.*of network 8/);
    const alone = (await poolOf(nodes.slice(1, 2), { network: 42 })).rpc.call('getblockcount');
    await expect(alone).rejects.toThrow(WrongNetwork);
  });

  test('of another chain is told by whoever works with it', async () => {
    const nodes = [await startFakeNode(height(8)), await startFakeNode(height(9))];
    const { rpc, events } = await poolOf(nodes);
    const refuse = async (found: number) => {
      if (found === 8) throw new WrongChain('its block 3 is another one');
      return found;
    };
    expect(await rpc.use(async (node) => refuse(await node.call('getblockcount')))).toBe(9);
    expect(await rpc.everyone((node) => node.call('getblockcount'))).toMatchObject([{ value: 9 }]);
    expect(events).toMatchObject([{ kind: 'wrong' }]);
    await expect(rpc.use(async () => Promise.reject(new WrongChain('other')))).rejects.toThrow(WrongChain);
  });
});
