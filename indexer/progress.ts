import type { Logger } from '../process/run.ts';

const SAID_EVERY_MS = 5_000;

/** Says how far a long catch-up has come, how fast it goes, and how long it will take. */
export function reportProgress(
  log: Pick<Logger, 'info'>,
  now: () => number = () => performance.now(),
): (height: number, head: number) => void {
  let last = { at: now(), height: Number.NaN };
  return (height, head) => {
    if (Number.isNaN(last.height) || height < last.height) last = { at: now(), height };
    const seconds = (now() - last.at) / 1_000;
    if (height === head || seconds * 1_000 < SAID_EVERY_MS) return;
    const perSecond = (height - last.height) / seconds;
    last = { at: now(), height };
    const left = head - height;
    const secondsLeft = perSecond > 0 ? Math.ceil(left / perSecond) : null;
    log.info({ height, head, left, blocksPerSecond: Math.round(perSecond), secondsLeft }, 'catching up');
  };
}
