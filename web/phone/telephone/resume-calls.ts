import { escrowOf, type KeptCall } from './kept-calls.ts';
import type { Line } from './line.ts';
import type { LiveCall } from './live-call.ts';
import type { Money, Settled } from './money.ts';
import type { Needs } from './needs.ts';
import type { Payer } from './payer.ts';
import type { SipCall } from './sip.ts';

/** What becomes of calls that the page before this one had. */

export type ResumeDeps = {
  needs: Pick<Needs, 'reserveOf'>;
  money: Pick<Money, 'payerFor' | 'settle'>;
  /** A microphone for the call of this id. @throws where the person or the system says no */
  soundFor(id: string): Promise<MediaStream>;
  add(line: Line, sip: SipCall, past: KeptCall): LiveCall;
  /** It is over, and its bill is awaited. */
  onLeft(past: KeptCall, settled: Promise<Settled | null>): void;
};

/** It talks again once the line has repaired it; till then its money stands still. */
export async function goOn(deps: ResumeDeps, line: Line, past: KeptCall): Promise<void> {
  const { dialog, direction, terms, entry, answeredAt, savedAt } = past;
  const stream = await deps.soundFor(dialog.callId).catch(() => null);
  if (stream === null) return accountFor(deps, past); // nobody could hear us: the provider ends it
  const sip = line.sip.takeOver(dialog, { stream, iceServers: [], direction });
  const payer = await payerOf(deps, past);
  const call = deps.add(line, sip, past);
  call.pays(terms ? { kind: 'priced', terms, entry } : { kind: 'free' }, payer && escrowOf(past));
  if (terms) payer?.begin(sip.id, terms, answeredAt);
  payer?.stand(sip.id, savedAt);
}

/** It was hung up with its page, or its provider has ended it since. What it owes is signed before another call is. */
export async function accountFor(deps: ResumeDeps, past: KeptCall): Promise<void> {
  const { provider, dialog, terms, answeredAt, savedAt } = past;
  const [payer, escrowId] = [await payerOf(deps, past), escrowOf(past)];
  if (terms === null || payer === null || escrowId === null) return deps.onLeft(past, Promise.resolve(null));
  const { callId } = dialog;
  payer.begin(callId, terms, answeredAt);
  await payer.end(callId, savedAt);
  deps.onLeft(past, deps.money.settle({ provider, callId, escrowId, terms, answeredAt, endedAt: savedAt }));
}

/** Out of the very escrow that it began with. */
async function payerOf({ needs, money }: ResumeDeps, { provider, escrowId }: KeptCall): Promise<Payer | null> {
  const reserved = escrowId === null ? null : await needs.reserveOf(provider);
  return reserved && String(reserved.escrowId) === escrowId ? money.payerFor(reserved, true) : null;
}
