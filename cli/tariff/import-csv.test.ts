import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashOfDeck, type RateDeck, rateDeckSchema } from '../../protocol/call/rate-deck.ts';
import { createKey } from '../../protocol/sign/key.ts';
import { datoshi, maxInteger } from '../../protocol/types/datoshi.ts';
import { deckLines, parseDeck } from './deck-file.ts';
import { importCsv, type Outcome } from './import-csv.ts';
import type { ImportOptions } from './import-options.ts';
import { decode } from './read-csv.ts';
import { csvLines } from './write-csv.ts';

const now = new Date('2026-03-01T12:00:00.500Z');
const none: ImportOptions = {
  gasPrice: null,
  columns: new Map(),
  increments: null,
  decimal: null,
  dates: null,
  effectiveFrom: null,
};
type Given = Partial<ImportOptions> & { encoding?: string; skipLines?: number; delimiter?: string; at?: number[] };

/** As from a file, in parts that end anywhere. */
function read(file: string | Uint8Array, given: Given = {}): Promise<Outcome> {
  const { encoding = 'utf-8', skipLines = 0, delimiter = null, at = [], ...options } = given;
  const bytes = typeof file === 'string' ? new TextEncoder().encode(file) : file;
  const cuts = [0, ...at.map((n) => n % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  async function* parts() {
    for (const [i, cut] of cuts.slice(1).entries()) yield bytes.subarray(cuts[i], cut);
  }
  const form = { delimiter, skipLines };
  const texts = decode(parts(), encoding);
  return importCsv({ texts, form, options: { ...none, ...options }, now, progress: () => {} });
}

const head = 'prefix;rate per minute (GAS);increments';
const entriesOf = (outcome: Outcome) =>
  outcome.kind === 'entries'
    ? outcome.entries.map((entry) =>
        [entry.prefix, entry.ratePerSecond, entry.description].filter((each) => each !== undefined),
      )
    : outcome;
const faultsOf = (outcome: Outcome) =>
  outcome.kind === 'faults' ? outcome.faults.map(({ line, column, value }) => `${line} ${column} ${value}`) : outcome;
const price = (numerator: bigint) => ({ numerator, denominator: 1n });

describe('a file of prices', () => {
  test.each([
    ['commas', 'prefix,description,rate (GAS),increments\n31,"a ""b"", c",0.6,60/60\n'],
    ['semicolons, CRLF, a decimal comma', 'prefix;description;rate (GAS);increments\r\n31;"a ""b"", c";0,6;60/60\r\n'],
    ['tabs, no last line break', 'prefix\tdescription\trate (GAS)\tincrements\n31\t"a ""b"", c"\t0.6\t60/60'],
    ['bars and quotes', '"prefix"|"description"|"rate (GAS)"|"increments"\n"31"|"a ""b"", c"|"0.6"|"60/60"'],
    ['a byte order mark', '\ufeffprefix,description,rate (GAS),increments\n31,"a ""b"", c",0.6,60/60\n'],
    ['what Excel says', 'sep=;\r\nprefix;description;rate (GAS);increments\r\n31;"a ""b"", c";0,6;60/60'],
    ['blank lines', '\nprefix;description;rate (GAS);increments;\n\n31;"a ""b"", c";0,6;60/60;\n;;;;\n\n'],
    ['old line breaks', 'prefix;description;rate (GAS);increments\r31;"a ""b"", c";0,6;60/60\r'],
  ])('with %s', async (_, file) => {
    expect(entriesOf(await read(file))).toEqual([['+31', 1_000_000n, 'a "b", c']]);
  });

  test('of a currency is in GAS then', async () => {
    const file = 'country code;area codes;rate;fee per call;increments\n31;20,23-24;0,0125;0,01;30/6\n31;;0;;1/1\n';
    const outcome = await read(file, { gasPrice: { numerator: 425n, denominator: 100n } });
    const dear = { ratePerSecond: 4_902n, feePerCall: 235_294n, initialIncrement: 30, increment: 6 };
    expect(outcome).toMatchObject({
      kind: 'entries',
      lines: 2,
      roundingCount: 0,
      effectiveFrom: '2026-03-01T12:00:00.000Z',
      entries: [
        { prefix: '+3120', ...dear },
        { prefix: '+3123', ...dear },
        { prefix: '+3124', ...dear },
        { prefix: '+31', ratePerSecond: 0n, feePerCall: 0n, initialIncrement: 1, increment: 1 },
      ],
    });
  });

  test('of a second, exactly', async () => {
    const file = 'prefix,rate/s (GAS),initial increment,next increment\n31,0.00001234,30,6\n32,1e-8,,\n';
    const options = { increments: { initial: 1, next: 1 } };
    expect(await read(file, options)).toMatchObject({
      roundingCount: 0,
      entries: [
        { ratePerSecond: 1_234n, initialIncrement: 30, increment: 6 },
        { ratePerSecond: 1n, initialIncrement: 1, increment: 1 },
      ],
    });
    expect(faultsOf(await read(file))).toEqual(['3 initial increment ', '3 next increment ']);
  });

  test('in another encoding, and below other lines', async () => {
    const file = Buffer.from('Preise\n\nvorwahl;ziel;preis;takt\n90;Türkei;0,6;60/60\n', 'latin1');
    const options = { gasPrice: price(1n), skipLines: 2 };
    expect(entriesOf(await read(file, { ...options, encoding: 'windows-1252' }))).toEqual([
      ['+90', 1_000_000n, 'Türkei'],
    ]);
    expect(await read(file, options)).toMatchObject({
      faults: [
        { line: 4, value: '90;T\ufffdrkei;0,6;60/60', expected: expect.stringContaining('--encoding windows-1252') },
      ],
    });
    const wide = Buffer.from('\ufeffvorwahl;preis;takt\n90;0,6;60/60\n', 'utf16le');
    expect(entriesOf(await read(wide, { gasPrice: price(1n), encoding: 'utf-16le' }))).toEqual([['+90', 1_000_000n]]);
  });

  test.each([
    ['rate', {}, 'no header says in what money the rates are'],
    ['rate (EUR)', {}, 'the file is in EUR: give --gas-price <price of a GAS in EUR>'],
    ['rate (GAS)', { gasPrice: price(4n) }, 'the file is in GAS'],
  ])('is never taken for another money than it is: %s', async (rate, options, why) => {
    const outcome = await read(`prefix;${rate};increments\n31;1;1/1\n`, options);
    expect(outcome).toEqual({ kind: 'refused', why: expect.stringContaining(why) });
  });

  test('nor where each line says its currency', async () => {
    const file = 'prefix;rate;increments;currency\n31;1;1/1;EUR\n32;1;1/1;USD\n33;1;1/1;gas\n34;1;1/1;\n';
    expect(faultsOf(await read(file))).toEqual(['2 currency EUR', '3 currency USD', '5 currency ']);
    expect(faultsOf(await read(file, { gasPrice: price(4n) }))).toEqual([
      '3 currency USD',
      '4 currency gas',
      '5 currency ',
    ]);
  });
});

describe('what is wrong', () => {
  test('is named by line, column and value; all of it, and nothing is made of the rest', async () => {
    const file = [
      head,
      '31;0,6;60/60',
      '',
      'x;y;0/0',
      '32;0,6;60/60;1',
      '33;0,6',
      '"34";"1\r\n2";1/1',
      '0031;0,7;1/1',
      '35;0.6;1/1',
    ].join('\r\n');
    expect(faultsOf(await read(file))).toEqual([
      '4 prefix x',
      '4 rate per minute (GAS) y',
      '4 increments 0/0',
      '5  4 columns',
      '6  2 columns',
      '7 rate per minute (GAS) 1\r\n2',
      '9 prefix +31',
      '10 rate per minute (GAS) 0.6',
    ]);
    expect(await read('prefix;rate (GAS);increments\n31;1;1/1\n1;1;1/1\n0031;2;1/1\n')).toMatchObject({
      faults: [{ line: 4, expected: 'expected each prefix once: it stands in line 2 already' }],
    });
  });

  test('is counted where it is too much to be shown', async () => {
    const file = [head, ...Array.from({ length: 250 }, () => 'x;1;1/1')].join('\n');
    const outcome = await read(file);
    expect(outcome).toMatchObject({ kind: 'faults', faultCount: 250 });
    expect(faultsOf(outcome)).toHaveLength(100);
  });

  test.each([
    ['a quote that is never closed', `${head}\n31;1;1/1\n32;"1;1/1\n33;1;1/1\n`, 3],
    ['a quote within a cell', `${head}\n31;1;1/1\n32;1"2";1/1\n`, 3],
    ['text behind a quote', `${head}\n"a\r\nb";1;1/1\n32;"1"2;1/1\n`, 4],
    ['an endless line', `${head}\n31;1;1/1\n"${'x'.repeat(300_000)}`, 3],
    ['no price', `${head}\n\n;;\n`, 1],
    ['nothing at all', '', 1],
  ])('as a whole: %s', async (_, file, line) => {
    const outcome = await read(file);
    if (outcome.kind !== 'faults') throw new Error(outcome.kind);
    expect(outcome.faults.at(-1)?.line).toBe(line);
  });

  test('and the lines before it are named as well', async () => {
    expect(faultsOf(await read(`${head}\nx;1;1/1\n31;1;1/1\n32;1"2";1/1\n`))).toEqual(['2 prefix x', '4  "']);
  });

  test('a deck of more than 200,000 prefixes, before it is read to its end', async () => {
    const file = `${head}\n100000-299999;1;1/1\n9;1;1/1\n8;1;1/1\n`;
    expect(faultsOf(await read(file))).toEqual(['3 prefix +9']);
  });

  test('a description that no deck can hold', async () => {
    const file = `prefix;name;rate (GAS);increments\n31;${'x'.repeat(201)};1;1/1\n`;
    expect(faultsOf(await read(file))).toEqual([`2 name ${'x'.repeat(60)}…`]);
  });
});

describe('a deck takes effect', () => {
  const file = (...dates: string[]) =>
    [`${head};valid from`, ...dates.map((date, i) => `${31 + i};1;1/1;${date}`)].join('\n');
  const timeOf = async (text: string, options = {}) => {
    const outcome = await read(text, options);
    return outcome.kind === 'entries' ? outcome.effectiveFrom : faultsOf(outcome);
  };

  test('at the latest date of its lines, at the time that is given, or now', async () => {
    expect(await timeOf(file('2025-01-01', '01.02.2026', ''))).toBe('2026-02-01T00:00:00.000Z');
    expect(await timeOf(file('2026-04-01', '2025-01-01', '2026-04-01'))).toBe('2026-04-01T00:00:00.000Z');
    expect(await timeOf(file('', ''))).toBe('2026-03-01T12:00:00.000Z');
    const effectiveFrom = '2026-06-01T00:00:00.000Z';
    expect(await timeOf(file('2026-04-01', 'whatever', '2026-05-01'), { effectiveFrom })).toBe(effectiveFrom);
  });

  test('at one time only', async () => {
    expect(await timeOf(file('2026-04-01', '2025-01-01', '2026-05-01'))).toEqual([
      '4 valid from 2026-05-01T00:00:00.000Z',
    ]);
    expect(await timeOf(file('01/04/2026'))).toEqual(['2 valid from 01/04/2026']);
  });
});

test('rounding by more than a thousandth is shown, the first ones and how many', async () => {
  const lines = Array.from({ length: 25 }, (_, n) => `${100 + n};0.000001;60/60`);
  const outcome = await read([head, ...lines].join('\n'));
  expect(outcome).toMatchObject({ kind: 'entries', roundingCount: 25 });
  if (outcome.kind !== 'entries') throw new Error(outcome.kind);
  expect(outcome.roundings).toHaveLength(20);
  expect(outcome.roundings[0]).toEqual({ line: 2, prefix: '+100', what: 'rate', exact: '1.6666', datoshi: 2n });
});

const provider = createKey().address;
const prefix = fc.oneof(fc.constantFrom('', 'neo:', 'in:', 'sms:'), fc.stringMatching(/^\+[1-9]\d{0,14}$/));
const amount = fc.oneof(fc.bigInt(0n, 1_000_000n), fc.bigInt(0n, maxInteger)).map(datoshi);
const seconds = fc.integer({ min: 1, max: 3_600 });
const text = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 100 }),
  fc.string({ unit: fc.constantFrom(...'"\',;|\t\r\n =+-@a'), minLength: 1, maxLength: 20 }),
);
const entry = fc.record(
  {
    prefix,
    ratePerSecond: amount,
    feePerCall: amount,
    initialIncrement: seconds,
    increment: seconds,
    description: text,
  },
  { requiredKeys: ['prefix', 'ratePerSecond', 'feePerCall', 'initialIncrement', 'increment'] },
);
const deckOf = fc.record({
  version: fc.constant(1 as const),
  provider: fc.constant(provider),
  effectiveFrom: fc
    .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString()),
  entries: fc.uniqueArray(entry, { minLength: 1, maxLength: 30, selector: (each) => each.prefix }),
});

test('what is exported imports back to the same deck, wherever the file is cut into parts', async () => {
  await fc.assert(
    fc.asyncProperty(deckOf, fc.array(fc.nat(), { maxLength: 5 }), async (deck: RateDeck, at) => {
      const outcome = await read([...csvLines(deck)].join(''), { at });
      if (outcome.kind !== 'entries') throw new Error(JSON.stringify(outcome));
      const { entries, effectiveFrom } = outcome;
      expect({ ...deck, entries, effectiveFrom }).toEqual(deck);
      expect(outcome.roundingCount).toBe(0);
      expect(hashOfDeck({ ...deck, entries, effectiveFrom })).toBe(hashOfDeck(deck));
    }),
    { numRuns: 250 },
  );
});

test('the file of a deck is a document that the API takes, and has its hash', () => {
  fc.assert(
    fc.property(deckOf, (deck: RateDeck) => {
      const file = [...deckLines(deck)].join('');
      expect(rateDeckSchema.parse(JSON.parse(file))).toEqual(deck);
      expect(parseDeck('it', file)).toMatchObject({ deck, hash: hashOfDeck(deck) });
    }),
  );
});
