import { expect, test } from 'vitest';
import { createKey } from '../../../protocol/sign/key.ts';
import type { ScriptHash } from '../../../protocol/types/hash.ts';
import { createLine } from './line.ts';
import type { Sip } from './sip.ts';

const MINUTE_MS = 60_000;

test('a line that is quiet is asked once a minute whether it still holds', async () => {
  let at = 0;
  const provedAt: number[] = [];
  const sip = {
    prove: async () => provedAt.push(at) > 0,
    isOpen: () => true,
    close: () => {},
  } as Partial<Sip> as Sip;
  const line = createLine({
    provider: createKey().address,
    now: () => at,
    openSip: () => sip,
    registration: {
      network: 7,
      contract: `0x${'ab'.repeat(20)}` as ScriptHash,
      session: async () => null,
      keepSession: async () => {},
      isOnChain: async () => true,
      sign: () => Promise.reject(new Error('nobody asks for it')),
    },
    push: async () => null,
    calls: () => [],
    onReturn: () => () => {},
    onCall: () => {},
    onMessage: () => {},
  });
  while (at < 5 * MINUTE_MS + 10_000) {
    at += 1_000;
    line.tick(at);
    await new Promise(setImmediate); // the answer is there long before the next tick
  }
  expect(provedAt).toEqual([1, 2, 3, 4, 5].map((minutes) => minutes * MINUTE_MS));
  expect(line.state.value.recovery).toBe('steady');
});
