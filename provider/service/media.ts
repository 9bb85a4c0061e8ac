import { Outage } from '../../process/outage.ts';
import { type Call, callsUnderWay } from './calls.ts';
import { decideMedia } from './decide-media.ts';
import type { Deps } from './deps.ts';
import { KamailioUnavailable } from './kamailio.ts';
import { RtpengineUnavailable } from './rtpengine.ts';
import { committed } from './store.ts';

/** rtpengine is asked so often for the sound of each call that runs. */
export const MEDIA_MS = 5_000;

type MediaDeps = Pick<Deps, 'store' | 'kamailio' | 'rtpengine' | 'metrics' | 'log' | 'now'>;

/** Ends calls whose sound has stopped on one side, billed to the last packet. Without rtpengine there is nothing to see. */
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

async function lookAt(
  { store, kamailio, metrics, now }: MediaDeps,
  { callId, sipCallId, answeredAt, mediaAt, dialog, endReason, invitedAt }: Call,
  rtpengine: NonNullable<MediaDeps['rtpengine']>,
): Promise<void> {
  const sides = await rtpengine.query(sipCallId);
  const verdict = decideMedia(sides, mediaAt ?? answeredAt ?? invitedAt, now());
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
  store
    .prepare("update calls set end_reason = coalesce(end_reason, 'noMedia'), billed_until = ? where call_id = ?")
    .run(verdict.since.getTime(), callId);
  if (endReason === null) metrics.count('calls_ended_by_us', 'noMedia');
  await committed(store); // to where it is billed has to outlive what follows
  if (dialog) await kamailio.hangUp(dialog, 'noMedia');
}
