import { spawn } from 'node:child_process';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parse } from 'csv-parse';
import { createKey } from '../protocol/sign/key.ts';
import { repository } from '../stack/folder.ts';
import { compare, type Row, type Size } from './compare.ts';
import type { Load } from './load.ts';
import { peakMiB } from './memory.ts';

const MEMORY_POLL_MS = 20;

const amounts: Record<Size, { lines: number; rounds: number }> = {
  full: { lines: 200_000, rounds: 3 },
  short: { lines: 500, rounds: 1 },
};

/** What the import of the largest price list costs. Peak memory is what Linux says of the whole process. */
export async function measureTariff(size: Size): Promise<Row[]> {
  const { lines, rounds } = amounts[size];
  const folder = mkdtempSync(join(tmpdir(), 'krypton-bench-'));
  try {
    const csv = join(folder, 'prices.csv');
    writeFileSync(csv, listOf(lines));
    let peakMiB = 0;
    const loadOf = (seconds: number): Load => ({
      perSecond: lines / seconds,
      p50Ms: seconds * 1000,
      p99Ms: seconds * 1000,
    });
    const imported = async () => {
      const done = await importOnce(csv, join(folder, 'prices.deck.json'));
      peakMiB = Math.max(peakMiB, done.peakMiB);
      return loadOf(done.seconds);
    };
    const row = await compare(
      { what: `\`krypton tariff import\` of ${lines} lines, lines`, asked: '', rounds, requests: lines },
      { name: 'import', run: imported },
      [{ name: 'the CSV parser alone', run: async () => loadOf(await parseAlone(csv, lines)) }],
    );
    return [{ ...row, what: `${row.what} (peak ${peakMiB} MiB)` }];
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

async function parseAlone(csv: string, lines: number): Promise<number> {
  const begin = performance.now();
  let records = 0;
  for await (const _ of createReadStream(csv).pipe(parse({ delimiter: ';' }))) records += 1;
  if (records !== lines + 1) throw new Error(`${records} records instead of ${lines + 1}`);
  return (performance.now() - begin) / 1000;
}

async function importOnce(csv: string, out: string): Promise<{ seconds: number; peakMiB: number }> {
  const begin = performance.now();
  const args = ['tariff', 'import', csv, '--out', out, '--gas-price', '4.25', '--provider', createKey().address];
  const child = spawn(join(repository, 'cli', 'krypton'), args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const words = text(child.stderr);
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, peakMiB(child.pid) ?? 0);
  }, MEMORY_POLL_MS);
  const status = await new Promise((resolve) => child.once('close', resolve));
  clearInterval(timer);
  if (status !== 0) throw new Error(`the import ended with status ${status}: ${await words}`);
  return { seconds: (performance.now() - begin) / 1000, peakMiB: peak };
}
