import { spawn } from 'node:child_process';
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parse } from 'csv-parse';
import { createKey } from '../protocol/sign/key.ts';
import { repository } from '../stack/folder.ts';

/**
 * `npm run bench:tariff`: what the import of the largest price list costs, beside the CSV parser that does nothing else
 * with the same file in the same run. Peak memory is what Linux says of the whole process.
 */
const LINES = 200_000;
const ROUNDS = 3;
const MEMORY_POLL_MS = 20;

const say = (line: string) => process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'krypton-bench-'));
  try {
    const csv = join(folder, 'prices.csv');
    writeFileSync(csv, listOf(LINES));
    const ratios: number[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      const ceiling = await parseAlone(csv);
      const imported = await importOnce(csv, join(folder, 'prices.deck.json'));
      ratios.push(imported.seconds / ceiling);
      say(
        `round ${round}: parser alone ${ceiling.toFixed(2)} s; krypton tariff import ${imported.seconds.toFixed(2)} s, ` +
          `peak ${imported.peakMiB} MiB; ratio ${ratios.at(-1)?.toFixed(1)}`,
      );
    }
    ratios.sort((a, b) => a - b);
    say(`import / parser: ${ratios[Math.floor(ROUNDS / 2)]?.toFixed(1)} (median of ${ROUNDS}), ${LINES} lines`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function listOf(lines: number): string {
  const rows = Array.from(
    { length: lines },
    (_, n) => `${100_000 + n};"Zone ${n}; mobile";0,${String(1_000 + (n % 9_000))};0,01;60/6;01.01.2026\r\n`,
  );
  return `Prefix;Destination;Rate/min (EUR);Connect fee;Increment;Valid from\r\n${rows.join('')}`;
}

async function parseAlone(csv: string): Promise<number> {
  const begin = performance.now();
  let records = 0;
  for await (const _ of createReadStream(csv).pipe(parse({ delimiter: ';' }))) records += 1;
  if (records !== LINES + 1) throw new Error(`${records} records instead of ${LINES + 1}`);
  return (performance.now() - begin) / 1000;
}

async function importOnce(csv: string, out: string): Promise<{ seconds: number; peakMiB: number }> {
  const begin = performance.now();
  const args = ['tariff', 'import', csv, '--out', out, '--gas-price', '4.25', '--provider', createKey().address];
  const child = spawn(join(repository, 'cli', 'krypton'), args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const words = text(child.stderr);
  let peakMiB = 0;
  const timer = setInterval(() => {
    peakMiB = Math.max(peakMiB, peakOf(child.pid));
  }, MEMORY_POLL_MS);
  const status = await new Promise((resolve) => child.once('close', resolve));
  clearInterval(timer);
  if (status !== 0) throw new Error(`the import ended with status ${status}: ${await words}`);
  return { seconds: (performance.now() - begin) / 1000, peakMiB };
}

/** The most that a process has had in memory so far; 0 where it is gone. */
function peakOf(pid: number | undefined): number {
  try {
    const [, kib = '0'] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Math.round(Number(kib) / 1024);
  } catch {
    return 0;
  }
}

await main();
