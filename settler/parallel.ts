/** An answered call of an escrow, and how long it holds one of the lines that the user agreed to (`maxParallel`). */
export type BusyCall = { cdrId: bigint; callId: string; busyFrom: Date; busyUntil: Date };

/** A call that was rated before. */
export type KnownCall = BusyCall & {
  /** It is rated and not claimed yet, so that it may still be rejected. */
  open: boolean;
  /** It was rejected as one too many. It was under way all the same. */
  over: boolean;
};

/** Proxies that stamp whole seconds let a call end up to a second after the next one was answered. */
const STAMP_TOLERANCE_MS = 1_000;

/**
 * From the answer until the end, but for the second that a stamp may be off; half of a call shorter than two seconds.
 * At least a millisecond, so that calls answered at the same time are seen to be.
 */
export function busyTime(answeredAt: Date, endedAt: Date): Pick<BusyCall, 'busyFrom' | 'busyUntil'> {
  const talkedMs = endedAt.getTime() - answeredAt.getTime();
  const busyMs = Math.max(1, talkedMs - Math.min(STAMP_TOLERANCE_MS, talkedMs / 2));
  return { busyFrom: answeredAt, busyUntil: new Date(answeredAt.getTime() + Math.floor(busyMs)) };
}

/**
 * Which answered calls of an escrow are too many at a time. A call is, where `maxParallel` earlier ones are under way
 * when it is answered; those that are too many themselves count as well, as they take place all the same. So the set of
 * calls alone decides, in whatever order they come to be known. Earlier is who was answered earlier; at the same time,
 * whose callId is the smaller one.
 *
 * One exception: a call that is claimed already stays. Where an earlier one comes to light that would make it too many,
 * it is the earlier one that is not paid.
 *
 * `known` has all calls that are under way at some time of a fresh one. Answers the ids of fresh calls that are too
 * many, and of open ones that now are.
 */
export function findOver(
  maxParallel: number,
  fresh: readonly BusyCall[],
  known: readonly KnownCall[],
): { over: Set<bigint>; displaced: Set<bigint> } {
  const [over, displaced] = [new Set<bigint>(), new Set<bigint>()];
  const freshIds = new Set(fresh.map(({ cdrId }) => cdrId));
  const standing = new Map(known.map((call) => [call.cdrId, call]));
  const inOrder = [...fresh, ...known].sort(byAnswer);
  sweep(inOrder, maxParallel, (call, underWay) => {
    if (underWay.length < maxParallel) return;
    if (freshIds.has(call.cdrId)) over.add(call.cdrId);
    else if (standing.get(call.cdrId)?.open) displaced.add(call.cdrId);
  });
  // a later one that stays leaves no line to an earlier one: of the fresh ones, the last to be answered give way
  const isPaid = ({ cdrId }: BusyCall) => !over.has(cdrId) && !displaced.has(cdrId) && !standing.get(cdrId)?.over;
  sweep(inOrder.filter(isPaid), Number.POSITIVE_INFINITY, (call, underWay) => {
    const excess = underWay.filter(isPaid).length + 1 - maxParallel;
    const giveWay = underWay.filter((each) => freshIds.has(each.cdrId) && isPaid(each)).sort(byAnswer);
    if (excess > 0 && isPaid(call)) for (const { cdrId } of giveWay.slice(-excess)) over.add(cdrId);
  });
  return { over, displaced };
}

function byAnswer(a: BusyCall, b: BusyCall): number {
  const apart = a.busyFrom.getTime() - b.busyFrom.getTime();
  return apart || (a.callId < b.callId ? -1 : Number(a.callId > b.callId));
}

/**
 * Visits the calls in the order of their answers, each with the earlier ones that are under way then; with no more than
 * `limit` of them, those that end last.
 */
function sweep(
  inOrder: readonly BusyCall[],
  limit: number,
  visit: (call: BusyCall, underWay: readonly BusyCall[]) => void,
): void {
  let underWay: BusyCall[] = [];
  for (const call of inOrder) {
    underWay = underWay.filter(({ busyUntil }) => busyUntil > call.busyFrom);
    visit(call, underWay);
    underWay.push(call);
    if (underWay.length > limit)
      underWay = underWay.toSorted((a, b) => Number(b.busyUntil) - Number(a.busyUntil)).slice(0, limit);
  }
}
