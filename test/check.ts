// npm run check: types, lint, borders and unused code, on two cores.
import { runChecks } from './checks.ts';

const results = await runChecks({ atOnce: 2 });
process.exitCode = results.every(({ failed }) => failed === 0) ? 0 : 1;
