import { describe, expect, test } from 'vitest';
import { type Field, fields, recognise } from './column-names.ts';
import { layOut } from './columns.ts';

const found = (headers: string, given: Partial<Record<Field, string>> = {}, hasIncrements = false) => {
  const map = new Map(Object.entries(given)) as Map<Field, string>;
  const layout = layOut(headers.split(';'), map, hasIncrements);
  if (typeof layout === 'string') return layout;
  const { columns, currency, unused } = layout;
  return {
    currency,
    unused,
    columns: fields.flatMap((field) => (columns[field] ? [`${field}=${columns[field].index}`] : [])),
  };
};

test.each([
  ['Prefix', 'prefix', null],
  ['DIAL CODE', 'prefix', null],
  ['dial_code', 'prefix', null],
  ['Country Code', 'country code', null],
  ['Area codes', 'area codes', null],
  ['Destination', 'description', null],
  ['Rate', 'rate per minute', null],
  ['Rate/min', 'rate per minute', null],
  ['Rate (EUR/min)', 'rate per minute', 'EUR'],
  ['Price in USD per minute', 'rate per minute', 'USD'],
  ['€/min', 'rate per minute', 'EUR'],
  ['rate per minute (GAS)', 'rate per minute', 'GAS'],
  ['Rate per Sec', 'rate per second', null],
  ['Connection fee [CHF]', 'connect fee', 'CHF'],
  ['Billing Increments', 'increments', null],
  ['Effective From', 'effective date', null],
  ['Gültig ab', 'effective date', null],
])('%s is known', (header, field, currency) => expect(recognise(header)).toEqual({ field, currency }));

test.each(['', 'Min', 'EUR', 'Peak', 'Prefix (EUR)', 'Status', 'Rate EUR USD'])('%s is not', (header) =>
  expect(recognise(header)).toBeNull(),
);

test('each name stands for one thing', () => {
  for (const field of fields) expect(recognise(field)).toEqual({ field, currency: null });
});

describe('the columns of a file', () => {
  test('are found by their headers; what means nothing is named', () => {
    expect(found('Zone;Country;Prefix;Comment;Rate (EUR);Setup (EUR);Increment;')).toEqual({
      columns: ['prefix=2', 'description=0', 'rate per minute=4', 'connect fee=5', 'increments=6'],
      currency: 'EUR',
      unused: ['Country', 'Comment'],
    });
  });

  test('are as the person says, whatever the headers say', () => {
    const given = { prefix: 'Code', 'rate per second': '#4', 'initial increment': 'a', 'next increment': 'b' };
    expect(found('Prefix;Country Code;Code;Peak;Rate;a;b;Increment', given as Partial<Record<Field, string>>)).toEqual({
      columns: ['prefix=2', 'rate per second=3', 'initial increment=5', 'next increment=6'],
      currency: null,
      unused: ['Prefix', 'Country Code', 'Rate', 'Increment'],
    });
  });

  test.each([
    ['Prefix;Rate', 'there is no column for the increments'],
    ['Prefix;Increment', 'there is no column for the rate'],
    ['Rate;Increment', 'there is no column for the prefix'],
    ['Prefix;Rate;Price;Increment', "several columns may hold the rate per minute: 'Rate', 'Price'"],
    ['Prefix;Rate;Rate/s;Increment', "several columns may hold the rate per minute: 'Rate', 'Rate/s'"],
    ['Prefix;Country code;Rate;Increment', "several columns may hold the prefix: 'Prefix', 'Country code'"],
    ['Prefix;Rate;Initial increment', 'of the initial and the next increment only one has a column'],
    ['Prefix;Rate (EUR);Fee per call (USD);Increment', 'the columns of rate and fee are in EUR and USD'],
  ])('%s: refused', (headers, why) => expect(found(headers)).toContain(why));

  test('that the person names wrongly are refused with what there is', () => {
    expect(found('A;B', { prefix: 'C' })).toBe("there is no column 'C' for the prefix: the columns are 'A', 'B'");
    const twice = found('Prefix;Rate;rate;Increment', { 'rate per minute': 'RATE' });
    expect(twice).toBe("several columns are called 'RATE': #2, #3 name one");
    expect(found('Prefix;Rate', {}, true)).toHaveProperty('columns', ['prefix=0', 'rate per minute=1']);
  });
});
