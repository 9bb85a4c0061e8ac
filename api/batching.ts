import { isDatabaseUnavailable } from '../database/errors.ts';

type Options<T> = {
  /** So many batches are under way at a time; what comes meanwhile waits. */
  atATime: number;
  /** Takes the next batch off those who wait: the share that is its due, or as many of it as fit. At least one. */
  take: (waiting: T[], share: number) => T[];
  /** Answers them all, whatever comes; those that it returns wait again, before all others. */
  run: (batch: readonly T[]) => Promise<readonly T[]>;
};

/**
 * Lets what is asked at the same time go to Postgres together. All that are asked, waiting or under way, are shared
 * equally by the batches: one that would begin with less waits until more have come, or until another one ends.
 */
export function createBatching<T>({ atATime, take, run }: Options<T>): (asked: T) => void {
  const waiting: T[] = [];
  let batches = 0;
  let underWay = 0;
  let isPlanned = false;

  function begin(): void {
    isPlanned = false;
    while (batches < atATime && waiting.length > 0) {
      const share = (waiting.length + underWay) / atATime;
      if (waiting.length < Math.floor(share)) return;
      void runOne(take(waiting, Math.ceil(share)));
    }
  }

  async function runOne(batch: readonly T[]): Promise<void> {
    batches += 1;
    underWay += batch.length;
    const again = await run(batch);
    batches -= 1;
    underWay -= batch.length;
    waiting.unshift(...again);
    begin();
  }

  return (asked) => {
    waiting.push(asked);
    if (isPlanned) return;
    isPlanned = true;
    setImmediate(begin); // after all requests that have arrived by now
  };
}

/**
 * Runs a batch; where something goes wrong that one of them may have brought up, runs each alone, as the others need not
 * suffer from it. What fails alone, or for want of a database, is refused. Answers what `run` returns.
 */
export async function runApart<T extends { refuse: (error: unknown) => void }>(
  batch: readonly T[],
  run: (batch: readonly T[]) => Promise<readonly T[]>,
): Promise<T[]> {
  try {
    return [...(await run(batch))];
  } catch (error) {
    const again: T[] = [];
    if (batch.length > 1 && !isDatabaseUnavailable(error))
      for (const each of batch) again.push(...(await runApart([each], run)));
    else for (const { refuse } of batch) refuse(error);
    return again;
  }
}
