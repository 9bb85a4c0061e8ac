import { expect, test } from 'vitest';
import { createPulse } from './pulse.ts';

test('a loop that hangs is named, and no other', async () => {
  let now = 0;
  const pulse = createPulse(['rate', 'settle'], () => now);
  now = 299_000;
  expect(await pulse.check()).toBe('ok');
  pulse.beat('rate');
  now = 301_000;
  expect(await pulse.check()).toBe('not come round for 300 s: settle');
  pulse.beat('settle');
  expect(await pulse.check()).toBe('ok');
});
