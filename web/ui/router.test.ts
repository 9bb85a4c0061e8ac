import { expect, test } from 'vitest';
import { match, placeOf } from './router.ts';

test('a hash names a path and a query', () => {
  expect(placeOf('#/escrow/7?from=call')).toMatchObject({ path: '/escrow/7' });
  expect(placeOf('#/escrow/7?from=call').query.get('from')).toBe('call');
  for (const hash of ['', '#', '#top']) expect(placeOf(hash).path).toBe('/');
});

test('a pattern answers what stands at its names', () => {
  expect(match('/escrow/:id', '/escrow/7')).toEqual({ id: '7' });
  expect(match('/call/:to', '/call/%2B3120')).toEqual({ to: '+3120' });
  expect(match('/purse', '/purse')).toEqual({});
  for (const path of ['/escrow', '/escrow/7/8', '/other/7']) expect(match('/escrow/:id', path)).toBeNull();
});
