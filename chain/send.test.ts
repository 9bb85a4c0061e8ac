import { describe, expect, test } from 'vitest';
import type { TxHash } from '../protocol/types/hash.ts';
import { height } from '../protocol/types/height.ts';
import { NodeUnavailable, RpcError, rpcCode } from './errors.ts';
import type { Node } from './node.ts';
import type { Rpc } from './rpc.ts';
import { conclude } from './send.ts';

const hash = `0x${'ab'.repeat(32)}` as TxHash;
const signed = { hash, bytes: Buffer.from('00', 'hex'), validUntilBlock: height(100) };
const patience = { pollMs: 1, silenceLimitMs: 30 };
const unknown = {
  error: new RpcError('getapplicationlog', rpcCode.unknownTransaction, 'Unknown transaction', undefined),
};
const execution = { vmstate: 'HALT', exception: null, gasconsumed: '1', stack: [], notifications: [] };

/** A node whose answers to the questions after the sending come one after the other, the last one for ever. */
function nodeWith(...answers: (unknown[] | 'silent')[]): Rpc & { sent: number } {
  const node = {
    sent: 0,
    call: async () => {
      node.sent += 1;
      return {} as never;
    },
    batch: async () => {
      const next = answers.length > 1 ? answers.shift() : answers[0];
      if (next === undefined || next === 'silent') throw new NodeUnavailable('the node does not answer');
      return next as never;
    },
    use: <T>(work: (node: Node) => Promise<T>) => work(node as never),
    everyone: async () => [],
    leave: () => {},
    lookAround: async () => {},
    socket: () => ({ url: '', headers: {} }),
  };
  return node;
}

const pending = (count: number) => [{ result: count }, unknown, unknown];
const executed = (vmstate = 'HALT') => [
  { result: 43 },
  { result: { executions: [{ ...execution, vmstate, exception: vmstate === 'HALT' ? null : 'balance' }] } },
  { result: 42 },
];

describe('a transaction that was sent', () => {
  test('is waited for, also while the node is away for a moment, and sent once', async () => {
    const node = nodeWith(pending(40), 'silent', pending(41), executed());
    expect(await conclude(node, signed, patience)).toMatchObject({ height: 42 });
    expect(node.sent).toBe(1);
  });

  test('is named when the node stays silent: it may still take place', async () => {
    await expect(conclude(nodeWith(pending(40), 'silent'), signed, patience)).rejects.toThrow(
      new RegExp(`${hash} was under way: it can take place until block 100`),
    );
  });

  test('has not happened when the chain is past its last block without it', async () => {
    await expect(conclude(nodeWith(pending(103)), signed, patience)).rejects.toThrow('nothing has happened');
  });

  test('can end in a FAULT', async () => {
    await expect(conclude(nodeWith(executed('FAULT')), signed, patience)).rejects.toThrow('balance');
  });
});
