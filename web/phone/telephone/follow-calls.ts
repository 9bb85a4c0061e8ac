import type { Terms } from '../../../protocol/call/price.ts';
import { t } from '../../ui/strings/strings.ts';
import { inCall } from '../busy.ts';
import type { CallState } from '../call/call-state.ts';
import { costOf, owed, WARN_SECONDS } from '../call/meter.ts';
import { shown } from '../contacts/contacts.ts';
import { history, noteBill, remember } from '../history/history.ts';
import { purse } from './faces.ts';
import type { KeptCall } from './kept-calls.ts';
import type { CallView, LiveCall } from './live-call.ts';
import type { Settled } from './money.ts';
import { bell, callViews, leftOf, phone } from './phone.ts';
import { createPresence } from './presence.ts';
import type { Tone } from './ring.ts';
import type { Telephone } from './telephone.ts';

/** What follows a call outside of its view: bell, title, notification, lock screen, history, and its bill. */

/** What became of a call is shown for so long; what it cost, and the way to its receipt, for longer. */
const SHOWN_MS = { free: 4_000, priced: 10_000 };

const presence = createPresence();
let silence: (() => void) | null = null;
let tone: Tone | null = null;

/** What is heard follows what the calls are in. */
function toneFor(calls: readonly CallView[]): Tone | null {
  const rings = calls.some(({ state, direction }) => state.kind === 'ringing' && direction === 'incoming');
  const talks = calls.some(({ state }) => state.kind === 'talking');
  if (rings) return talks ? 'waiting' : 'ringing';
  const isRinging = ({ state, direction, hasEarlySound }: CallView) =>
    state.kind === 'ringing' && direction === 'outgoing' && !hasEarlySound;
  return calls.some(isRinging) ? 'ringback' : null;
}

function ring(calls: readonly CallView[]): void {
  const wanted = toneFor(calls);
  if (wanted === tone) return;
  silence?.();
  silence = wanted === null ? null : bell.play(wanted);
  tone = wanted;
}

export function followCall(call: LiveCall, before: CallState | null): void {
  const view = call.view.value;
  const { state, id, remote, direction } = view;
  const calls = callViews.peek();
  inCall.value = calls.some((each) => each.state.kind !== 'over');
  ring(calls);
  const who = shown(remote.user);
  if (before === null && direction === 'incoming')
    presence.incoming(who, { title: t.value.telephone.incoming, body: t.value.telephone.incomingFrom(who) });
  if (direction === 'incoming' && before?.kind === 'ringing' && state.kind !== 'ringing') presence.noLongerIncoming();
  if (state.kind === 'talking' && before?.kind !== 'talking')
    presence.talking(who, {
      hangUp: () => void phone.value?.hangUp(id),
      mute: () => {
        const { state: now } = call.view.value;
        call.mute(!(now.kind === 'talking' && now.mutedByUs));
      },
    });
  if (state.kind === 'over') onOver(view);
}

function onOver(view: CallView): void {
  const { id, provider, direction, remote, startedAt, state, price, escrowId } = view;
  if (callViews.peek().every((each) => each.state.kind === 'over')) presence.noLongerTalking();
  if (state.kind !== 'over') return;
  const { answeredAt, endedAt, outcome } = state;
  if (outcome.kind === 'busy') bell.play('busy', 3);
  const terms = price?.kind === 'priced' && answeredAt !== null ? price.terms : null;
  const made = phone.peek();
  const past = { id, provider, direction, peer: remote.user, startedAt, answeredAt, endedAt, outcome };
  void remember(past, terms && owes(terms, answeredAt ?? endedAt, endedAt)).then(async () => {
    if (terms === null || answeredAt === null || escrowId === null || made === null) return;
    noteSettled(id, await made.money.settle({ provider, callId: id, escrowId, terms, answeredAt, endedAt }));
  });
  setTimeout(() => made?.forget(id), SHOWN_MS[terms === null ? 'free' : 'priced']);
}

const owes = (terms: Terms, answeredAt: number, endedAt: number) => ({
  price: costOf({ terms, answeredAt, until: endedAt }, endedAt),
  terms,
});

function noteSettled(id: string, settled: Settled | null): void {
  if (settled) void noteBill(id, { price: String(settled.price), verdict: settled.verdict.kind });
}

/** A call that was hung up with its page, which had no time left to write it down. */
export async function followLeft(past: KeptCall, settled: Promise<Settled | null>): Promise<void> {
  const { provider, dialog, direction, remote, startedAt, answeredAt, savedAt: endedAt, terms } = past;
  const { callId: id } = dialog;
  const outcome = { kind: 'hungUp', by: 'us' } as const;
  const call = { id, provider, direction, peer: remote.user, startedAt, answeredAt, endedAt, outcome };
  await remember(call, terms && owes(terms, answeredAt, endedAt));
  noteSettled(id, await settled);
}

/** A record that nobody hands in for so long will not come. */
const AWAITED_MS = 7 * 86_400_000;

/** Calls whose page was closed before their record was there. They are only looked at: what was owed is signed. */
export async function followWaiting({ money }: Telephone): Promise<void> {
  for (const { id, provider, answeredAt, endedAt, bill } of history.peek()) {
    if (bill?.verdict !== 'waiting' || !bill.terms || answeredAt === null) continue;
    if (Date.now() - endedAt > AWAITED_MS) continue;
    const { terms } = bill;
    noteSettled(id, await money.settle({ provider, callId: id, escrowId: null, terms, answeredAt, endedAt }));
  }
}

const warned = new Set<string>();
/** The purse looks at the chain for it. */
const COVER_MS = 10_000;
let coveredAt = 0;

/** Once a second: money is added where the person allowed it, and they are told, with a beep, before it ends. */
export function followMoney(made: Telephone, now: number): void {
  const isDue = now - coveredAt >= COVER_MS;
  if (isDue) coveredAt = now;
  for (const view of callViews.peek()) {
    const left = view.state.kind === 'talking' ? leftOf(made, view.id) : null;
    if (left === null) continue;
    if (isDue) void keepCovered(made, view);
    if (left > WARN_SECONDS) warned.delete(view.id);
    else if (!warned.has(view.id)) {
      warned.add(view.id);
      bell.play('beep', 3);
    }
  }
}

async function keepCovered({ money }: Telephone, { id, provider, price, escrowId }: CallView): Promise<void> {
  const payer = escrowId === null ? null : money.payer(escrowId);
  const [face, talk] = [purse.peek(), payer?.talk(id)];
  if (escrowId === null || !payer || !talk || !face || price?.kind !== 'priced') return;
  const promised = owed(payer.reserve(), [talk, ...payer.others(id)], Date.now());
  await face.keepCovered(escrowId, promised, price.terms.ratePerSecond);
  const reserved = await face.reserveOf(provider);
  if (reserved?.escrowId === escrowId) payer.grow(reserved.amount);
}
