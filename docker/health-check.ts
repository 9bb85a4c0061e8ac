// What the images' HEALTHCHECK runs: exit status 0 where the process of this container can do its work.
/** Less than the check's own limit, so that a silent process is told from a hung check. */
const LIMIT_MS = 4_000;

const port = Number(process.argv[2]);
try {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(LIMIT_MS) });
  console.log(await response.text()); // `docker inspect` shows it
  process.exitCode = response.ok ? 0 : 1;
} catch (error) {
  console.log(`no answer at port ${port}: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
