import { expect } from 'vitest';
import { listCdrs } from '../../../protocol/api/cdrs.ts';
import { createClient } from '../../../protocol/api/client.ts';
import { priceOf } from '../../../protocol/call/price.ts';
import type { ProviderWorld } from '../../../test/harness/provider.ts';
import { eventually, terms } from '../../../test/harness/world.ts';
import type { Given } from './page.tsx';
import type { Telephone } from './site.ts';

const deck = { ...terms, initialIncrement: 6, increment: 6 };

/** The record of the escrow's one call as it was settled: paid for its time, which is no more than what was talked. */
export async function billed(world: ProviderWorld, escrow: Given['escrow'], talkedMs: number) {
  const api = createClient({ url: world.apiUrl, signer: world.provider });
  const cdr = await eventually(
    async () => {
      const { items } = await api.call(listCdrs, { query: {} });
      return items.find(({ escrowId, state }) => String(escrowId) === escrow?.id && state === 'settled');
    },
    'the settlement',
    90_000,
  );
  const ms = Date.parse(cdr.endedAt) - Date.parse(cdr.answeredAt ?? '');
  expect(ms).toBeLessThanOrEqual(talkedMs + 2_000);
  expect(BigInt(cdr.paid ?? 0)).toBe(priceOf(ms, deck).price);
  return cdr;
}

/** Each total that was signed is no more than what was talked by then, counted anew here. */
export async function expectSigned({ page }: Telephone, answeredAt: number): Promise<void> {
  const signed = await page.evaluate(() => telephonePage.signed);
  for (const { at, total } of signed) expect(BigInt(total)).toBeLessThanOrEqual(priceOf(at - answeredAt, deck).price);
}
