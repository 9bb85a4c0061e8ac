import pino from 'pino';
import { expect, test } from 'vitest';
import { ApiProblem } from '../../protocol/api/failure.ts';
import type { Deps } from './deps.ts';
import { handIn } from './hand-in.ts';
import { createMetrics } from './metrics.ts';
import { openStore } from './store.ts';

/** `answer`: why the API does not take a voucher; null: it does. */
function world(escrows: number, answer: (escrowId: number) => string | null) {
  const store = openStore(':memory:');
  const insert = store.prepare("insert into vouchers (escrow_id, total, signature) values (?, 100, '')");
  for (let id = 1; id <= escrows; id += 1) insert.run(id);
  const state = { now: Date.now() };
  const shown: number[] = [];
  const call = async (_: unknown, { params }: { params: { id: number } }) => {
    shown.push(params.id);
    const code = answer(params.id);
    if (code !== null) throw new ApiProblem({ code, status: 422, detail: '', errors: [] } as never);
    return {};
  };
  const deps = {
    store,
    api: { call } as unknown as Deps['api'],
    metrics: createMetrics(),
    log: pino({ level: 'silent' }),
    now: () => new Date(state.now),
  };
  const round = async () => {
    shown.length = 0;
    await handIn(deps);
    state.now += 16_000;
    return shown;
  };
  return { round };
}

test('a voucher that the API takes for too high, as its index is behind, is shown again until it is taken', async () => {
  let isBehind = true;
  const { round } = world(1, () => (isBehind ? 'voucherInvalid' : null));
  expect(await round()).toEqual([1]);
  isBehind = false;
  expect(await round()).toEqual([1]);
  expect(await round()).toEqual([]);
});

test.each(['unknownEscrow', 'voucherInvalid'])('vouchers that are refused (%s) keep no other one out', async (code) => {
  const { round } = world(25, (id) => (id <= 20 ? code : null));
  await round();
  expect([...(await round())].sort((a, b) => a - b)).toEqual(expect.arrayContaining([21, 22, 23, 24, 25]));
});

test('a voucher that comes too late is shown no more', async () => {
  const { round } = world(1, () => 'claimDeadlinePassed');
  expect(await round()).toEqual([1]);
  expect(await round()).toEqual([]);
});
