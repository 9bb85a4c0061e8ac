import { type Collected, createCollector, type Faults } from './collect.ts';
import type { Field } from './column-names.ts';
import { type Layout, layOut } from './columns.ts';
import { currencyFor } from './currency.ts';
import type { ImportOptions } from './import-options.ts';
import { CsvFault, type CsvForm, readRecords } from './read-csv.ts';
import { createLineReader, type LineReader } from './read-line.ts';

export type Imported = Collected & { kind: 'entries'; lines: number; unused: string[] };
export type Outcome =
  | Imported
  /** Lines are bad: all of them were read. */
  | (Faults & { kind: 'faults'; lines: number })
  /** The file as a whole can't be read as it is. */
  | { kind: 'refused'; why: string };

type Given = {
  texts: AsyncIterable<string>;
  form: CsvForm;
  options: ImportOptions;
  now: Date;
  /** Told now and then how many lines are read. */
  progress: (lines: number) => void;
};

const LINES_BETWEEN_WORDS = 50_000;

/** Lines of text -> the entries of a deck, or all that is wrong with them. */
export async function importCsv({ texts, form, options, now, progress }: Given): Promise<Outcome> {
  let begun: Begun | null = null;
  const nameOf = (field: Field) => begun?.layout.columns[field]?.header ?? field;
  const collector = createCollector({ effectiveFrom: options.effectiveFrom, now, nameOf });
  let lines = 0;
  try {
    for await (const { values, line } of readRecords(texts, form)) {
      if (begun === null) {
        const headers = beginWith(values, options);
        if (typeof headers === 'string') return { kind: 'refused', why: headers };
        begun = headers;
        continue;
      }
      if (values.every((value) => value.trim() === '')) continue;
      lines += 1;
      if (lines % LINES_BETWEEN_WORDS === 0) progress(lines);
      const found = begun.read(values, line);
      if ('faults' in found) collector.fault(...found.faults);
      else collector.add(found, line);
      if (collector.isFull()) break;
    }
  } catch (error) {
    if (!(error instanceof CsvFault)) throw error;
    collector.fault(error.fault);
  }
  const end = collector.end();
  if ('faults' in end) return { ...end, kind: 'faults', lines };
  return { ...end, kind: 'entries', lines, unused: begun?.layout.unused ?? [] };
}

type Begun = { layout: Layout; read: LineReader };

function beginWith(headers: readonly string[], options: ImportOptions): Begun | string {
  const layout = layOut(headers, options.columns, options.increments !== null);
  if (typeof layout === 'string') return layout;
  const currency = currencyFor(layout, options.gasPrice);
  return typeof currency === 'string' ? currency : { layout, read: createLineReader(layout, options, currency) };
}
