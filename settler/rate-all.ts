export type Rating = {
  /** Up to this CDR all were looked at once. */
  newest: bigint;
  /** With a new block all that are not rated yet are looked at again: from which on, and up to which. */
  again: { after: bigint; upTo: bigint } | null;
  isNewBlock: boolean;
};

export type Unrated = {
  /** Some of those behind it, the oldest first. */
  find(after: bigint): Promise<readonly bigint[]>;
  rate(cdrIds: readonly bigint[]): Promise<void>;
};

/**
 * Rates what is new and what may be judged by now, some of each by turns: however many come, nothing is left behind.
 * Ends where nothing is to be done before the next block.
 */
export async function rateAll(rating: Rating, { find, rate }: Unrated, signal: AbortSignal): Promise<void> {
  const rateBehind = async (after: bigint): Promise<bigint | undefined> => {
    const cdrIds = await find(after);
    if (cdrIds.length > 0) await rate(cdrIds);
    return cdrIds.at(-1);
  };
  while (!signal.aborted) {
    const newest = await rateBehind(rating.newest);
    rating.newest = newest ?? rating.newest;
    if (rating.isNewBlock && rating.again === null) {
      rating.again = { after: 0n, upTo: rating.newest };
      rating.isNewBlock = false;
    }
    if (rating.again !== null) {
      const { after, upTo } = rating.again;
      const last = await rateBehind(after);
      rating.again = last === undefined || last >= upTo ? null : { after: last, upTo };
    } else if (newest === undefined) return;
  }
}
