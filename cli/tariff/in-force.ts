import type { Client } from '../../protocol/api/client.ts';
import { getTariff, type SetDeck } from '../../protocol/api/tariffs.ts';
import type { Address } from '../../protocol/types/address.ts';
import { Refusal } from '../refusal.ts';
import { checkDeck, type HashedDeck } from './deck-file.ts';

/** What stands on chain and is in effect; the deck is null where nobody has handed in the document. */
export type InForce = { set: SetDeck; known: HashedDeck | null } | null;

/** The API's word for the document is not taken: it must have the hash. @throws Refusal */
export async function readInForce(api: Client, provider: Address, at?: Date): Promise<InForce> {
  const { inForce, deck } = await api.call(getTariff, { params: { address: provider }, query: { at } });
  if (inForce === null) return null;
  if (deck === null || deck === undefined) return { set: inForce, known: null };
  const known = checkDeck(`what the API has for ${inForce.hash}`, deck);
  if (known.hash === inForce.hash) return { set: inForce, known };
  throw new Refusal(`the deck that the API answers has the hash ${known.hash}, and not ${inForce.hash} as on chain`);
}
