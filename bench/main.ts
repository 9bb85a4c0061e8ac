import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureCall } from './call.ts';
import { linesOf, markdownOf, type Row, type Size } from './compare.ts';
import { measureEvents } from './events.ts';
import { measureBulk, measureSingle } from './intake.ts';
import { measureRead } from './reads.ts';
import { measureSettle } from './settle.ts';
import { measureSigned } from './signed.ts';
import { measureTariff } from './tariff.ts';

const benches: Record<string, (size: Size) => Promise<Row[]>> = {
  call: measureCall,
  intake: measureBulk,
  'intake-single': measureSingle,
  signed: measureSigned,
  query: measureRead('query'),
  users: measureRead('users'),
  escrows: measureRead('escrows'),
  settlements: measureRead('settlements'),
  providers: measureRead('providers'),
  search: measureRead('search'),
  events: measureEvents,
  settle: measureSettle,
  tariff: measureTariff,
};

/** Those that print lines of their own: none of `all`. */
const apart: Record<string, string> = { indexer: 'indexer.ts', phone: 'phone.ts' };

const say = (line: string) => process.stdout.write(`${line}\n`);

/** `npm run bench -- <name>...`: figures of ours, each beside the ceiling that bounds it, measured by turns. */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, markdown: { type: 'boolean' }, short: { type: 'boolean' } },
  });
  const known = ['all', ...Object.keys(benches), ...Object.keys(apart)];
  const wrong = positionals.find((name) => !known.includes(name));
  if (positionals.length === 0 || wrong !== undefined) {
    say(`npm run bench -- <name>... [--json] [--markdown] [--short], of: ${known.join(', ')}`);
    process.exitCode = wrong === undefined ? 0 : 1;
    return;
  }
  const names = positionals.includes('all') ? Object.keys(benches) : positionals;
  const rows: Row[] = [];
  for (const name of names) {
    if (apart[name] !== undefined) await run(apart[name]);
    const measured = (await benches[name]?.(values.short ? 'short' : 'full')) ?? [];
    rows.push(...measured);
    if (!values.json) for (const row of measured) for (const line of linesOf(row)) say(line);
  }
  const machine = { at: new Date().toISOString(), node: process.version, cpu: cpus()[0]?.model, cores: cpus().length };
  if (values.json) say(JSON.stringify({ machine, rows }, null, 2));
  if (values.markdown) for (const row of rows) say(markdownOf(row));
}

async function run(file: string): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, file)], { stdio: 'inherit' });
  const [status] = await once(child, 'exit');
  if (status !== 0) process.exitCode = 1;
}

await main();
