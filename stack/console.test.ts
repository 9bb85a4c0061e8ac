import { describe, expect, test } from 'vitest';
import { line, readNode, readPostgres, readRedis, readService } from './console.ts';

test('a line has time, part and message; colour only on a terminal', () => {
  const at = new Date(2026, 10, 23, 2, 3, 4);
  expect(line(at, 'node', 'slow', 'warn', false)).toBe('02:03:04 node      slow\n');
  expect(line(at, 'node', 'slow', 'warn', true)).toBe('02:03:04 node      \x1b[33mslow\x1b[0m\n');
});

describe('what a service logs', () => {
  test('is its message and its fields', () => {
    const logged = JSON.stringify({
      level: 40,
      time: 1,
      pid: 2,
      service: 'api',
      msg: 'late',
      block: 7,
      err: { message: 'no answer', stack: '…' },
    });
    expect(readService(logged)).toEqual({ level: 'warn', message: 'late block=7 err=no answer' });
  });

  test('unless it is no JSON: then it is shown as it is', () => {
    expect(readService('Error: out of memory')).toEqual({ level: 'warn', message: 'Error: out of memory' });
    expect(readService('{broken')).toEqual({ level: 'warn', message: '{broken' });
    expect(readService('')).toBeUndefined();
  });
});

test('of the others only warnings and errors are shown', () => {
  expect(readNode('2026-11-23T02:57:41.000Z\tINFO\tblockchain initialized\t{}')).toBeUndefined();
  expect(readNode('2026-11-23T02:57:41.000Z\tWARN\tslow\t{"ms": 7}')).toEqual({
    level: 'warn',
    message: 'slow {"ms": 7}',
  });
  expect(readPostgres('2026-11-23 02:43:22.123 UTC [77] LOG:  checkpoint')).toBeUndefined();
  expect(readPostgres('2026-11-23 02:43:22.123 UTC [77] ERROR:  no such table')).toEqual({
    level: 'error',
    message: 'no such table',
  });
  expect(readPostgres('2026-11-23 02:43:22.123 UTC [77] FATAL:  the database system is starting up')).toBeUndefined();
  expect(readRedis('77:M 23 Nov 2026 02:43:22.123 * Ready to accept connections')).toBeUndefined();
  expect(readRedis('77:M 23 Nov 2026 02:43:22.123 # Server initialized')).toBeUndefined();
  expect(readRedis("77:M 23 Nov 2026 02:43:22.123 # Can't save in background: fork: no memory")).toEqual({
    level: 'warn',
    message: "Can't save in background: fork: no memory",
  });
});
