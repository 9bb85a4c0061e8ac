/** Work that is done again and again, one at a time, until it is stopped; then what is under way is waited for. */
export function repeat(
  work: () => Promise<void>,
  everyMs: number,
  fail: (error: unknown) => void,
): () => Promise<void> {
  let isStopped = false;
  let wake = () => {};
  const running = (async () => {
    while (!isStopped) {
      await work();
      if (isStopped) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  })().catch(fail);
  return () => {
    isStopped = true;
    wake();
    return running;
  };
}
