/** Has a process of Node.js write a profile of itself, where `BENCH_PROFILE` names a folder for it. */
export const profiling: string[] = process.env.BENCH_PROFILE
  ? ['--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_PROFILE}`]
  : [];
