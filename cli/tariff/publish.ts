import { type Receipt, send } from '../../chain/send.ts';
import type { Client } from '../../protocol/api/client.ts';
import { putTariff } from '../../protocol/api/tariffs.ts';
import type { RateDeck } from '../../protocol/call/rate-deck.ts';
import { contractCall } from '../../protocol/contract/call.ts';
import type { Signing } from '../connect.ts';
import { Refusal } from '../refusal.ts';
import type { DeckDocument } from './deck-file.ts';
import { type InForce, readInForce } from './in-force.ts';

export type Published = {
  /** What was done now; what stood already was not done again. */
  handedIn: boolean;
  receipt: Receipt | null;
  uri: string;
  /** The deck that was in force before. */
  before: RateDeck | null;
  isInForce: boolean;
};

/**
 * Hands in the document first, and sets its hash on chain then: no call ever waits for a document. Whatever has
 * interrupted it, it can be done again: what stands already is left as it is.
 */
export async function publish(
  { api, chain }: { api: Client; chain: Signing },
  { deck, document, hash }: DeckDocument,
  givenUri: string | undefined,
): Promise<Published> {
  const provider = chain.signer.address;
  if (deck.provider !== provider)
    throw new Refusal(`the deck is that of ${deck.provider}, and the wallet's account is ${provider}`);
  const record = await chain.reader.provider(provider);
  if (record === null) throw new Refusal(`${provider} is no provider yet: krypton provider deploy makes it one`);
  const uri = givenUri ?? record.tariffUri ?? `${api.url}/v1/providers/${provider}/tariff`;
  // It also waits until the API has seen that the provider is one.
  const inForce = await readInForce(api, provider);
  const isKnown = inForce?.set.hash === hash && inForce.known !== null;
  const isOnChain = record.tariffHash === hash && record.tariffUri === uri;
  const kept = isKnown ? null : await api.call(putTariff, { params: { address: provider }, body: document });
  if (kept && kept.hash !== hash)
    throw new Refusal(
      `the API has kept the deck under the hash ${kept.hash}, and not ${hash}: nothing was set on chain`,
    );
  const tariff = { provider, uri, hash: Buffer.from(hash.slice(2), 'hex') };
  const receipt = isOnChain ? null : await send(chain, [contractCall(chain.contract, 'setTariff', tariff)]);
  return {
    handedIn: kept !== null,
    receipt,
    uri,
    before: deckOf(inForce),
    isInForce: new Date(deck.effectiveFrom) <= new Date(),
  };
}

const deckOf = (inForce: InForce): RateDeck | null => inForce?.known?.deck ?? null;
