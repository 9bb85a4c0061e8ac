import pino from 'pino';
import { expect, test } from 'vitest';
import { submitCdrs } from '../../protocol/api/cdrs.ts';
import { ApiNotNow, ApiProblem, ApiUnreachable } from '../../protocol/api/failure.ts';
import { createKey } from '../../protocol/sign/key.ts';
import type { Deps } from './deps.ts';
import { createHandIn } from './hand-in.ts';
import { createMetrics } from './metrics.ts';
import { openStore, type Store } from './store.ts';

const problemOf = (code: string, status: number) => ({ code, status, title: '', type: '', detail: '', errors: [] });

/** Nothing of it is listed yet. */
async function* items() {}

const depsOf = (store: Store, state: { now: number }, call: unknown) => ({
  store,
  api: { call, items } as unknown as Deps['api'],
  signer: createKey(),
  metrics: createMetrics(),
  log: pino({ level: 'silent' }),
  now: () => new Date(state.now),
});

/** `answer`: why the API does not take a voucher; null: it does. */
function worldOfVouchers(escrows: number, answer: (escrowId: number) => string | null) {
  const store = openStore(':memory:');
  const insert = store.prepare("insert into vouchers (escrow_id, total, signature) values (?, 100, '')");
  for (let id = 1; id <= escrows; id += 1) insert.run(id);
  const state = { now: Date.now() };
  const shown: number[] = [];
  const call = async (_: unknown, { params }: { params: { id: number } }) => {
    shown.push(params.id);
    const code = answer(params.id);
    if (code !== null) throw new ApiProblem(problemOf(code, 422));
    return {};
  };
  const deps = depsOf(store, state, call);
  const handIn = createHandIn(deps, new AbortController().signal);
  const round = async () => {
    shown.length = 0;
    await handIn();
    state.now += 16_000;
    return shown;
  };
  return { round };
}

test('a voucher that the API takes for too high, as its index is behind, is shown again until it is taken', async () => {
  let isBehind = true;
  const { round } = worldOfVouchers(1, () => (isBehind ? 'voucherInvalid' : null));
  expect(await round()).toEqual([1]);
  isBehind = false;
  expect(await round()).toEqual([1]);
  expect(await round()).toEqual([]);
});

test.each(['unknownEscrow', 'voucherInvalid'])('vouchers that are refused (%s) keep no other one out', async (code) => {
  const { round } = worldOfVouchers(25, (id) => (id <= 20 ? code : null));
  expect(await round()).toHaveLength(25);
  expect(await round()).toHaveLength(20);
});

test('a voucher that comes too late is shown no more', async () => {
  const { round } = worldOfVouchers(1, () => 'claimDeadlinePassed');
  expect(await round()).toEqual([1]);
  expect(await round()).toEqual([]);
});

type Sent = { callId: string; escrowId: number };

/** `refuse`: why the API does not take a batch; null: it takes it. Each CDR has its escrow's id. */
function worldOfCdrs(escrowIds: number[], refuse: (batch: Sent[]) => Error | null) {
  const store = openStore(':memory:');
  const state = { now: Date.now() };
  const insert =
    store.prepare(`insert into calls (call_id, sip_call_id, from_tag, escrow_id, direction, from_party, to_party,
    state, invited_at, price, cdr, cdr_state) values (?1, ?1, '', ?2, 'outbound', '', '', 'over', ?3, 100, ?4, 'waiting')`);
  escrowIds.forEach((escrowId, i) => {
    insert.run(`c${i}`, escrowId, i, JSON.stringify({ callId: `c${i}`, escrowId }));
  });
  store.exec("insert into vouchers (escrow_id, total, signature) values (7, 100, '')");
  const asked = { cdrs: 0, others: 0 };
  const taken: string[] = [];
  const call = async (operation: unknown, { body }: { body: { cdrs: Sent[] } }) => {
    if (operation !== submitCdrs) {
      asked.others += 1;
      return { items: [] };
    }
    asked.cdrs += 1;
    const error = refuse(body.cdrs);
    if (error) throw error;
    taken.push(...body.cdrs.map(({ callId }) => callId));
    return {
      cdrs: body.cdrs.map(({ callId }) => ({ callId, id: 1, verdict: 'accepted', state: 'received', reason: null })),
    };
  };
  const stopping = new AbortController();
  const round = createHandIn(depsOf(store, state, call), stopping.signal);
  return { state, asked, taken, stopping, round };
}

const isFull = (batch: Sent[]) =>
  batch.some(({ escrowId }) => escrowId === 1) ? new ApiNotNow(problemOf('tooManyWaiting', 429), 60) : null;

test('an escrow that is full keeps no other one out, and is tried again a minute later', async () => {
  const { state, asked, taken, round } = worldOfCdrs([1, 2, 3, 1, 4, 5], isFull);
  await round();
  expect(taken.sort()).toEqual(['c1', 'c2', 'c4', 'c5']);
  expect(asked.cdrs).toBeLessThan(8);
  await round();
  state.now += 59_000;
  const before = asked.cdrs;
  await round();
  expect(asked.cdrs).toBe(before);
  state.now += 1_000;
  await expect(round()).rejects.toThrow('tooManyWaiting');
});

test('so it is where its CDRs are more than one request holds', async () => {
  const { asked, taken, round } = worldOfCdrs([...Array(401).fill(1), 2], isFull);
  await expect(round()).rejects.toThrow('tooManyWaiting');
  expect(asked).toEqual({ cdrs: 1, others: 1 }); // the voucher was handed in all the same
  await round();
  expect(taken).toEqual(['c401']);
});

test.each(['internal', 'invalidRequest'])(
  'a CDR for which a whole request is refused (%s) keeps no other one out',
  async (code) => {
    const { taken, round } = worldOfCdrs(Array(100).fill(1), (batch) =>
      batch.some(({ callId }) => callId === 'c42') ? new ApiProblem(problemOf(code, 500)) : null,
    );
    await round();
    expect(taken).toHaveLength(99);
    expect(taken).not.toContain('c42');
  },
);

test('what has gathered is handed in at once, and a voucher is not kept waiting by it', async () => {
  const { asked, taken, round } = worldOfCdrs(Array(4_100).fill(1), () => null);
  await round();
  expect(taken).toHaveLength(4_000);
  expect(asked.others).toBeGreaterThan(0);
  await round();
  expect(taken).toHaveLength(4_100);
});

test('a stop waits for one request, and not for all that wait', async () => {
  const { asked, taken, stopping, round } = worldOfCdrs(Array(1_000).fill(1), () => {
    stopping.abort();
    return null;
  });
  await round();
  expect([taken.length, asked]).toEqual([200, { cdrs: 1, others: 0 }]);
});

test('what concerns the provider as a whole parts no batch, and keeps no voucher out', async () => {
  const { asked, round } = worldOfCdrs([1, 2, 3], () => new ApiNotNow(problemOf('tooManyRejected', 429), 3_600));
  await expect(round()).rejects.toThrow('tooManyRejected');
  expect(asked).toEqual({ cdrs: 1, others: 1 });
});

test('while the API is away it is asked once', async () => {
  const { asked, round } = worldOfCdrs([1, 2, 3], () => new ApiUnreachable('away'));
  await expect(round()).rejects.toThrow('away');
  expect(asked).toEqual({ cdrs: 1, others: 0 });
});
