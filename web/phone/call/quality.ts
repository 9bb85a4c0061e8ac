/** How the sound of a call is, from what WebRTC counts. Zero is not "no data": what is not known is null. */

/** Counters at one moment, as they grow during a call. */
export type Sample = {
  at: number;
  received: number | null;
  lost: number | null;
  sent: number | null;
  /** Seconds. */
  jitter: number | null;
  roundTrip: number | null;
  /** Of what comes, 0..1. */
  level: number | null;
};

export type Quality = {
  /** 0..1, since the sample before. */
  loss: number | null;
  jitterMs: number | null;
  roundTripMs: number | null;
  /** 1 (bad) .. 4.5: what people would say. Null: there is too little to go by. */
  mos: number | null;
};

/** Fewer packets say nothing: a second of speech is 50. */
const ENOUGH_PACKETS = 20;

export function qualityBetween(before: Sample, now: Sample): Quality {
  const received = difference(before.received, now.received);
  const lost = difference(before.lost, now.lost);
  const expected = received === null || lost === null ? null : received + Math.max(0, lost);
  const loss = expected === null || expected < ENOUGH_PACKETS ? null : Math.max(0, lost ?? 0) / expected;
  const jitterMs = now.jitter === null ? null : now.jitter * 1000;
  const roundTripMs = now.roundTrip === null ? null : now.roundTrip * 1000;
  return { loss, jitterMs, roundTripMs, mos: loss === null ? null : mosOf(loss, jitterMs ?? 0, roundTripMs ?? 0) };
}

const difference = (before: number | null, now: number | null) =>
  before === null || now === null || now < before ? null : now - before;

/**
 * The E-model (ITU-T G.107) in the short form that the trade uses: from what a perfect line has, delay and loss take
 * away. Jitter counts twice, because it is waited for.
 */
function mosOf(loss: number, jitterMs: number, roundTripMs: number): number {
  const delay = roundTripMs + jitterMs * 2 + 10;
  const byDelay = delay < 160 ? 94.768 - delay / 40 : 94.768 - (delay - 120) / 10;
  const r = Math.min(100, Math.max(0, byDelay - loss * 100 * 2.5));
  return 1 + 0.035 * r + 0.000007 * r * (r - 60) * (100 - r);
}

/** Below 3.1 many people complain (ITU-T G.107, annex B). */
const BAD_MOS = 3.1;
/** One bad second is nothing; this many of the last ones are. */
const BAD_SAMPLES = 3;
/** A sentence that was put away may come back after this. */
export const DISMISSED_MS = 60_000;

export type Complaint = 'loss' | 'jitter' | 'delay';

/** What the person is told; null: nothing. While one side is muted or holds, gaps are meant to be there. */
export function complaintOf(latest: readonly Quality[], isQuiet: boolean, dismissedAt: number | null, now: number) {
  if (isQuiet || (dismissedAt !== null && now - dismissedAt < DISMISSED_MS)) return null;
  const last = latest.slice(-BAD_SAMPLES);
  if (last.length < BAD_SAMPLES || last.some(({ mos }) => mos === null || mos >= BAD_MOS)) return null;
  const { loss, jitterMs, roundTripMs } = last[last.length - 1] as Quality;
  const worst: [number, Complaint][] = [
    [(loss ?? 0) * 250, 'loss'],
    [((jitterMs ?? 0) * 2) / 10, 'jitter'],
    [(roundTripMs ?? 0) / 10, 'delay'],
  ];
  worst.sort(([a], [b]) => b - a);
  return worst[0]?.[1] ?? null;
}

/** So long nothing came, or nothing went, before it is said. */
const SILENCE_MS = 3_000;

export type Silence = { in: boolean; out: boolean };

/** When packets were seen last, each way. */
export type Seen = { inAt: number; outAt: number };

/** Counters that begin anew, as after a new connection, are progress too. */
export function see(seen: Seen, before: Sample | null, now: Sample): Seen {
  const moved = (a: number | null | undefined, b: number | null) => b !== null && b > 0 && a !== b;
  return {
    inAt: moved(before?.received, now.received) ? now.at : seen.inAt,
    outAt: moved(before?.sent, now.sent) ? now.at : seen.outAt,
  };
}

/** Which way there is no sound, where there should be some. A page that slept has counted nothing meanwhile. */
export function silenceOf(seen: Seen, now: number, expected: { in: boolean; out: boolean }): Silence {
  return {
    in: expected.in && now - seen.inAt >= SILENCE_MS,
    out: expected.out && now - seen.outAt >= SILENCE_MS,
  };
}
