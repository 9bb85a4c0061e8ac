import { t } from '../../ui/strings/strings.ts';
import { inCall } from '../busy.ts';
import type { CallState } from '../call/call-state.ts';
import { costOf, owed, WARN_SECONDS } from '../call/meter.ts';
import { shown } from '../contacts/contacts.ts';
import { noteBill, remember } from '../history/history.ts';
import { purse } from './faces.ts';
import type { CallView, LiveCall } from './live-call.ts';
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
  const { id, provider, state, price, escrowId } = view;
  if (callViews.peek().every((each) => each.state.kind === 'over')) presence.noLongerTalking();
  if (state.kind !== 'over') return;
  const { answeredAt, endedAt, outcome } = state;
  if (outcome.kind === 'busy') bell.play('busy', 3);
  const terms = price?.kind === 'priced' && answeredAt !== null ? price.terms : null;
  const cost = terms && costOf({ terms, answeredAt: answeredAt ?? endedAt, until: endedAt }, endedAt);
  const made = phone.peek();
  void remember(view, cost).then(async () => {
    if (terms === null || answeredAt === null || escrowId === null || made === null) return;
    const settled = await made.money.settle({ provider, callId: id, escrowId, terms, answeredAt, endedAt });
    if (settled) await noteBill(id, { price: String(settled.price), verdict: settled.verdict.kind });
  });
  setTimeout(() => made?.forget(id), SHOWN_MS[terms === null ? 'free' : 'priced']);
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
