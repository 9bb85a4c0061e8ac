import { expect, test } from 'vitest';
import { createSeats, networkOf } from './seats.ts';

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

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::7', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
])('%s counts as %s', (address, network) => expect(networkOf(address)).toBe(network));
