import { expect, test } from 'vitest';
import { createSeats } from './seats.ts';

test('a client has so many seats, all clients together so many, and a seat is left once', () => {
  const seats = createSeats({ total: 3, each: 2 });
  const first = seats.take('a');
  expect(first).not.toBeNull();
  expect(seats.take('a')).not.toBeNull();
  expect(seats.take('a')).toBeNull();
  expect(seats.take('b')).not.toBeNull();
  expect(seats.take('c')).toBeNull();
  first?.();
  first?.();
  expect(seats.take('c')).not.toBeNull();
  expect(seats.take('d')).toBeNull();
  expect(seats.take('a')).toBeNull();
});
