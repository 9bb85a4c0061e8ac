import pg from 'pg';
import { expect, test } from 'vitest';
import { concernsServer, isDatabaseUnavailable, needsPerson, UnfitConnection, unavailability } from './errors.ts';

const refused = (code: string) => Object.assign(new pg.DatabaseError('in whatever words', 0, 'error'), { code });
const socket = (code: string, syscall?: string) => Object.assign(new Error('in whatever words'), { code, syscall });

const notNow = ['08006', '08P01', '25006', '25P03', '25P04', '28000', '28P01', '3D000', '40001', '40P01', '42501'];
notNow.push('53100', '53200', '53300', '53400', '55000', '55006', '55P03', '57000', '57014', '57P01', '57P02', '57P03');
notNow.push('57P04', '57P05', '58000', '58030', '58P01', '72000', 'F0000', 'F0001', 'XX000');

test.each(notNow)('SQLSTATE %s says "not now"', (code) => {
  expect(isDatabaseUnavailable(refused(code))).toBe(true);
  expect(unavailability(refused(code))).toContain(`(${code})`);
});

const always = [
  '0A000',
  '21000',
  '22001',
  '22P02',
  '23505',
  '23514',
  '25P02',
  '42601',
  '42703',
  '42P01',
  '54000',
  'P0001',
];

test.each([...always, 'XX001', 'XX002'])('SQLSTATE %s is our own fault, or beyond waiting', (code) => {
  expect(isDatabaseUnavailable(refused(code))).toBe(false);
  expect(unavailability(refused(code))).toBeNull();
});

test('a socket that can not be opened, for whatever reason, and a certificate that is refused, are waited out', () => {
  for (const error of [
    socket('ECONNREFUSED', 'connect'),
    socket('ENOENT', 'connect'), // a Unix socket that is gone
    socket('EADDRNOTAVAIL', 'connect'),
    socket('EAI_AGAIN', 'getaddrinfo'),
    socket('ECONNRESET', 'read'),
    socket('ECONNREFUSED'), // of an AggregateError
    socket('CERT_HAS_EXPIRED'),
    new Error('Connection terminated unexpectedly'),
    new Error('The server does not support SSL connections'),
    new UnfitConnection('its pooler shares connections'),
  ])
    expect(isDatabaseUnavailable(error), String(error)).toBe(true);
  expect(isDatabaseUnavailable(socket('ENOENT', 'open'))).toBe(false);
  expect(isDatabaseUnavailable(new TypeError('x is not a function'))).toBe(false);
  expect(isDatabaseUnavailable(null)).toBe(false);
});

test('what a person has to mend does not start; what one statement met does not close the other connections', () => {
  for (const code of ['28P01', '3D000', '42501']) expect(needsPerson(refused(code))).toBe(true);
  for (const code of ['25006', '57P03', '53300']) expect(needsPerson(refused(code))).toBe(false);
  expect(needsPerson(new UnfitConnection('its pooler shares connections'))).toBe(true);
  expect(concernsServer(refused('25006'))).toBe(true);
  for (const code of ['40P01', '55P03', '57014', '23505']) expect(concernsServer(refused(code))).toBe(false);
});
