import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { describe, expect, test } from 'vitest';
import { createKey } from '../../protocol/sign/key.ts';
import { datoshi } from '../../protocol/types/datoshi.ts';
import { insertCall } from './calls.ts';
import { figuresOf } from './figures.ts';
import { createMetrics } from './metrics.ts';
import { noteAnswer, recordEnd } from './record.ts';
import { openStore } from './store.ts';

const user = createKey().address;
const begin = Date.parse('2026-03-01T12:00:00Z');
const at = (ms: number) => new Date(begin + ms);

function world() {
  const store = openStore(':memory:');
  const deps = { store, metrics: createMetrics(), now: () => at(0), log: pino({ level: 'silent' }) };
  const terms = { ratePerSecond: datoshi(10n), feePerCall: datoshi(5n), initialIncrement: 1, increment: 1 };
  const invite = (callId: string, ms: number) => {
    const hold = { callId, heldFrom: at(ms), seconds: 300, amount: datoshi(3_005n), holdUntil: at(ms) };
    const none = { answeredAt: null, seenAt: null, dialog: null, mediaAt: null, lostAt: null, billedUntil: null };
    insertCall(store, {
      ...{
        callId,
        sipCallId: callId,
        fromTag: '',
        request: '',
        user,
        method: 'INVITE',
        direction: 'outbound',
        from: user,
        to: '+31',
      },
      ...{ state: 'ringing', invitedAt: at(ms), endReason: null, ...none },
      charge: { escrowId: 1n, terms, entry: null, tariffHash: null, hold },
    });
  };
  const answer = (callId: string, ms: number) => noteAnswer(deps, callId, { at: at(ms), dialog: { entry: 1, id: 1 } });
  const end = (callId: string, answered: number | null, ms: number, ringing: number | null = null) =>
    recordEnd(deps, callId, {
      answeredAt: answered === null ? null : at(answered),
      endedAt: at(ms),
      sipStatus: answered === null ? 486 : 200,
      hangupBy: 'caller',
      ringingAt: ringing === null ? null : at(ringing),
    });
  const figures = (ms: number, registered: number | null = 3) => {
    const all = figuresOf(store, registered, at(ms));
    return Object.fromEntries(Object.entries(all).map(([name, { value }]) => [name, value]));
  };
  return { store, deps, invite, answer, end, figures };
}

describe('what a provider watches', () => {
  test('is as computed by hand', () => {
    const it = world();
    for (const [i, callId] of ['a', 'b', 'c', 'd', 'e'].entries()) it.invite(callId, i);
    it.answer('a', 2_000);
    it.end('a', 2_000, 12_000, 1_000); // 10 s: 105, rang after 1 s
    it.answer('b', 3_001);
    it.end('b', 3_001, 23_001); // 20 s: 205, answered after 3 s without ringing
    it.end('c', null, 9_000, 2_002); // busy, rang after 2 s
    it.answer('d', 5_000); // runs
    const paid = it.store.prepare("update calls set cdr_state = 'settled', paid = 105 where call_id = 'a'");
    paid.run();
    it.store.prepare("update calls set cdr_state = 'accepted' where call_id = 'b'").run();
    expect(it.figures(30_000)).toEqual({
      phones_registered: 3,
      calls_running: 1,
      calls_ringing: 1,
      asr_ratio: 2 / 3,
      acd_seconds: 15,
      post_dial_delay_seconds: 2,
      held_datoshi: 6_010n,
      earned_datoshi: 105n,
      unsettled_datoshi: 205n,
      at_risk_datoshi: 205n + 255n, // d has talked for 25 s
      waiting_datoshi: 0n,
      records_waiting: 1n, // of c, which costs nothing
      asides_kept: 0n,
      sessions: 0n,
    });
    expect(it.deps.metrics.text({})).toContain('krypton_provider_talked_seconds_total{direction="outbound"} 30\n');
  });

  test('leaves out what nothing is known of', () => {
    const it = world();
    it.invite('a', 0);
    it.answer('a', 0);
    it.end('a', 0, 1_000);
    const later = it.figures(3_601_001, null);
    for (const name of ['phones_registered', 'asr_ratio', 'acd_seconds', 'post_dial_delay_seconds'])
      expect(later).not.toHaveProperty(name);
    expect(later).toMatchObject({ waiting_datoshi: 15n, at_risk_datoshi: 15n });
  });

  test('has a line on the page for each', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/provider.md'), 'utf8');
    for (const name of Object.keys(world().figures(0))) expect(page).toContain(`\`${name}\``);
    for (const [, name] of createMetrics()
      .text({})
      .matchAll(/^# TYPE krypton_provider_(\w+) counter$/gm))
      expect(page).toContain(`\`${name}{`);
  });
});
