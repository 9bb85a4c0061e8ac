import { expect, test } from 'vitest';
import { createBell } from './bell.ts';

test('wakes who waits, and whoever waits next where nobody did', async () => {
  const bell = createBell();
  const woken = bell.next();
  bell.ring();
  await woken;
  let isAwake = false;
  const again = bell.next().then(() => {
    isAwake = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isAwake).toBe(false);
  bell.ring();
  await again;
  bell.ring();
  bell.ring();
  await bell.next();
});
