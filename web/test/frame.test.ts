import { expect, test } from 'vitest';
import { expectAccessible, useSite } from './site.ts';

const site = useSite();

test('the page comes with a strict policy, asks nobody else, and has nothing to complain of', async () => {
  const { page, asked, complaints } = await site.visit();
  const response = await page.reload();
  const policy = (await response?.headerValue('content-security-policy')) ?? '';
  expect(policy).toMatch(/^default-src 'none'; script-src 'self'/);
  expect(policy).not.toContain('unsafe');
  await page.locator('#app > *').first().waitFor();
  await expectAccessible(page);
  expect(complaints).toEqual([]);
  const { hostname } = new URL(site.url());
  expect(asked.filter((url) => !['localhost', '127.0.0.1'].includes(new URL(url).hostname))).toEqual([]);
  expect(hostname).toBe('localhost');
});
