import { Outage } from '../../process/outage.ts';
import { type Call, callsUnderWay, noteEnding } from './calls.ts';
import { decideMedia, type MediaVerdict, type Side, STOPPED_MS } from './decide-media.ts';
import type { Deps } from './deps.ts';
import { KamailioUnavailable } from './kamailio.ts';
import { RtpengineUnavailable } from './rtpengine.ts';
import { committed, inTransaction } from './store.ts';

/** rtpengine is asked so often for the sound of each call that runs. */
export const MEDIA_MS = 5_000;

type MediaDeps = Pick<Deps, 'store' | 'kamailio' | 'rtpengine' | 'metrics' | 'log' | 'now'>;

/**
 * Ends calls whose sound has stopped on one side, billed to the last packet. Without rtpengine there is nothing to see.
 */
export function createMediaWatch(deps: MediaDeps): () => Promise<void> {
  const outage = new Outage(deps.log, 'the sound of calls is not watched');
  return async () => {
    const { rtpengine } = deps;
    if (rtpengine === null) return;
    const running = callsUnderWay(deps.store).filter(({ state }) => state === 'running');
    try {
      await Promise.all(running.map((call) => lookAt(deps, call, rtpengine)));
      outage.end();
    } catch (error) {
      if (!(error instanceof RtpengineUnavailable || error instanceof KamailioUnavailable)) throw error;
      outage.report(error);
    }
  };
}

/** Until when there was sound in a call that is ended now for another reason; null: to its end, as far as is known. */
export async function soundUntil(
  { rtpengine, now }: Pick<MediaDeps, 'rtpengine' | 'now'>,
  call: Call,
): Promise<Date | null> {
  if (rtpengine === null) return null;
  try {
    const verdict = verdictOn(call, await rtpengine.query(call.sipCallId), now(), STOPPED_MS);
    return verdict.kind === 'silent' ? verdict.since : null;
  } catch (error) {
    if (error instanceof RtpengineUnavailable) return null;
    throw error;
  }
}

function verdictOn(call: Call, sides: readonly Side[] | null, now: Date, limitMs?: number): MediaVerdict {
  const { fromTag, direction, mediaAt, answeredAt, invitedAt } = call;
  const isPayer = (tag: string) => (tag === fromTag) === (direction === 'outbound');
  return decideMedia(sides, { lastFlow: mediaAt ?? answeredAt ?? invitedAt, now, isPayer, limitMs });
}

async function lookAt(
  { store, kamailio, metrics, now }: MediaDeps,
  call: Call,
  rtpengine: NonNullable<MediaDeps['rtpengine']>,
): Promise<void> {
  const { callId, dialog, endReason } = call;
  if (endReason !== null) {
    if (dialog) await kamailio.hangUp(dialog, endReason); // Kamailio was away, or has yet to tell of its end
    return;
  }
  const sides = await rtpengine.query(call.sipCallId);
  const verdict = verdictOn(call, sides, now());
  if (verdict.kind === 'held') {
    // what is held is talked: the silence counts from its end
    store.prepare('update calls set media_at = ? where call_id = ?').run(now().getTime(), callId);
    return;
  }
  if (verdict.kind === 'flows') {
    store
      .prepare('update calls set media_at = ?, packets = ? where call_id = ?')
      .run(verdict.at.getTime(), sides?.map(({ packets }) => packets).join(' ') ?? null, callId);
    return;
  }
  inTransaction(store, () => {
    noteEnding(store, callId, 'noMedia');
    store.prepare('update calls set billed_until = ? where call_id = ?').run(verdict.since.getTime(), callId);
  });
  metrics.count('calls_ended_by_us', 'noMedia');
  await committed(store); // to where it is billed has to outlive what follows
  if (dialog) await kamailio.hangUp(dialog, 'noMedia');
}
