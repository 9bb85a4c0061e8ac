import { expect, test } from 'vitest';
import { passwordFault } from './password.ts';
import { isProof, placesToAsk } from './proof.ts';

const code = '6PYSYBmPumqxM1kE2WX59biV3Q7mGTso3U14GZw8FU7zZ7kRK2EHKbkXX7';

test('three different characters are asked, never the two that all codes begin with', () => {
  const seen = new Set<number>();
  for (let time = 0; time < 2_000; time += 1) {
    const places = placesToAsk(code);
    expect(new Set(places).size).toBe(3);
    expect(places.toSorted((one, other) => one - other)).toEqual(places);
    for (const place of places) seen.add(place);
  }
  expect(Math.min(...seen)).toBe(3);
  expect(Math.max(...seen)).toBe(58); // each place is missed once in 10^46 runs
});

test('only the very characters are a proof', () => {
  const places = [3, 10, 58];
  expect(isProof(code, places, ['Y', 'n', '7'])).toBe(false);
  expect(isProof(code, places, ['Y', 'm', '7'])).toBe(true);
  expect(isProof(code, places, ['y', 'm', '7'])).toBe(false);
  expect(isProof(code, places, ['Y', 'm'])).toBe(false);
  expect(isProof(code, [], [])).toBe(false);
});

test('a password has ten characters, as a person counts them, typed twice', () => {
  expect(passwordFault('123456789', '123456789')).toBe('short');
  expect(passwordFault('🔑🔑🔑🔑🔑', '🔑🔑🔑🔑🔑')).toBe('short');
  expect(passwordFault('1234567890', '1234567890 ')).toBe('different');
  expect(passwordFault('1234567890', '1234567890')).toBeNull();
});
