import { currencyOf, type Field, fields, rankOfDescription, recognise } from './column-names.ts';

/** What the person says with `--columns`: a header, or `#` and the number of a column. */
export type ColumnMap = ReadonlyMap<Field, string>;

export type Column = { index: number; header: string };

/** Where in a line each thing stands. */
export type Layout = {
  columns: Partial<Record<Field, Column>>;
  /** That the headers of rate and fee name, in capitals. */
  currency: string | null;
  /** Headers that mean nothing here. */
  unused: string[];
  width: number;
};

/** Of each, one is enough; what `--columns` names makes the others of its kind meaningless. */
const kinds: readonly (readonly Field[])[] = [
  ['prefix', 'country code', 'area codes'],
  ['rate per minute', 'rate per second'],
  ['increments', 'initial increment', 'next increment'],
];

type Found = { field: Field; column: Column; currency: string | null };

/** @returns a sentence that says what is wrong with the headers, where something is */
export function layOut(headers: readonly string[], given: ColumnMap, hasIncrements: boolean): Layout | string {
  const columns = headers.map((header, index): Column => ({ index, header: header.trim() }));
  const found: Found[] = [];
  for (const [field, wanted] of given) {
    const named = columns.filter(({ header }) => header.toLowerCase() === wanted.toLowerCase());
    if (named.length > 1)
      return `several columns are called '${wanted}': ${named.map(({ index }) => `#${index + 1}`).join(', ')} name one`;
    const column = named[0] ?? columns.find(({ index }) => `#${index + 1}` === wanted);
    if (!column) return `there is no column '${wanted}' for the ${field}: the columns are ${listed(headers)}`;
    found.push({ field, column, currency: currencyOf(column.header) });
  }
  const settled = new Set([...given.keys()].flatMap((field) => kinds.find((kind) => kind.includes(field)) ?? [field]));
  const taken = new Set(found.map(({ column }) => column.index));
  for (const column of columns) {
    const known = taken.has(column.index) ? null : recognise(column.header);
    if (known && !settled.has(known.field)) found.push({ ...known, column });
  }
  const chosen = chooseOne(found);
  if (typeof chosen === 'string') return chosen;
  const missing = whatIsMissing(new Set(chosen.map(({ field }) => field)), hasIncrements);
  if (missing)
    return (
      `${missing}; the columns are ${listed(headers)}: --columns <field>=<column> names them; ` +
      '--skip-lines <n>, where lines stand above the headers'
    );
  const money = [...new Set(chosen.flatMap(({ field, currency }) => (isMoney(field) && currency ? [currency] : [])))];
  if (money.length > 1) return `the columns of rate and fee are in ${money.join(' and ')}: expected one currency`;
  const used = new Set(chosen.map(({ column }) => column.index));
  return {
    columns: Object.fromEntries(chosen.map(({ field, column }) => [field, column])),
    currency: money[0] ?? null,
    unused: columns.filter(({ index, header }) => header !== '' && !used.has(index)).map(({ header }) => header),
    width: headers.length,
  };
}

/** A price that stands in two columns stands in neither, until the person says which one counts. */
function chooseOne(found: readonly Found[]): Found[] | string {
  const chosen: Found[] = [];
  for (const field of fields) {
    const candidates = found.filter((each) => each.field === field);
    if (field === 'description')
      candidates.sort((a, b) => rankOfDescription(a.column.header) - rankOfDescription(b.column.header));
    else if (candidates.length > 1) return twice(candidates, field);
    if (candidates[0]) chosen.push(candidates[0]);
  }
  const has = (...wanted: Field[]) => chosen.filter(({ field }) => wanted.includes(field));
  for (const [one, others] of rivals) {
    const rival = [...has(one), ...has(...others)];
    if (has(one).length > 0 && has(...others).length > 0) return twice(rival, one);
  }
  return chosen;
}

const rivals: readonly (readonly [Field, readonly Field[]])[] = [
  ['prefix', ['country code', 'area codes']],
  ['rate per minute', ['rate per second']],
  ['increments', ['initial increment', 'next increment']],
];

const twice = (columns: readonly Found[], field: Field): string =>
  `several columns may hold the ${field}: ${listed(columns.map(({ column }) => column.header))}; ` +
  '--columns <field>=<column> says which one counts';

function whatIsMissing(has: ReadonlySet<Field>, hasIncrements: boolean): string | null {
  if (!has.has('prefix') && !has.has('country code')) return 'there is no column for the prefix, nor a country code';
  if (!has.has('rate per minute') && !has.has('rate per second')) return 'there is no column for the rate';
  if (has.has('initial increment') !== has.has('next increment'))
    return 'of the initial and the next increment only one has a column';
  if (!has.has('increments') && !has.has('initial increment') && !hasIncrements)
    return 'there is no column for the increments, nor --increments 60/60 for all lines';
  return null;
}

const isMoney = (field: Field) => field.startsWith('rate') || field === 'connect fee';

/** A person finds theirs among so many. */
const MAX_LISTED = 30;
const listed = (headers: readonly string[]): string =>
  headers
    .slice(0, MAX_LISTED)
    .map((header) => `'${header}'`)
    .join(', ') + (headers.length > MAX_LISTED ? ', …' : '');
