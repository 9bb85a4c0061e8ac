import { readExecuted } from '../../../../chain/outcome.ts';
import type { Client } from '../../../../protocol/api/client.ts';
import { parseJson } from '../../../../protocol/api/json.ts';
import { getTariff, listTariffs, MAX_DECK_BYTES } from '../../../../protocol/api/tariffs.ts';
import { type DeckIndex, indexDeck } from '../../../../protocol/call/deck-index.ts';
import { hashOfDeck, type RateDeck, rateDeckSchema } from '../../../../protocol/call/rate-deck.ts';
import { decodeEvent } from '../../../../protocol/contract/event.ts';
import type { Address } from '../../../../protocol/types/address.ts';
import type { Hex } from '../../../../protocol/types/bytes.ts';
import type { TxHash } from '../../../../protocol/types/hash.ts';
import type { Chain } from '../../../purse/core/chain.ts';
import { isServiceSilent } from '../../../purse/core/silence.ts';

/** A provider's prices, proven: whoever hands them over, their hash has to be the one that stands on the chain. */
export type ProvenDeck =
  | { kind: 'deck'; deck: RateDeck; index: DeckIndex; hash: Hex; from: 'service' | 'provider' }
  /** No deck on the chain: the escrow's own terms are the price. */
  | { kind: 'none' }
  /** Its hash is on the chain, and nobody hands over the document. */
  | { kind: 'missing'; hash: Hex }
  /** What the service hands over is not what stands on the chain. */
  | { kind: 'lies'; hash: Hex; told: string };

export type DeckDeps = {
  chain: Chain;
  /** Null: these pages have no service. */
  client: Client | null;
  now: () => Date;
  /** Decks that were proven before, by their hash: a carrier's has megabytes. */
  known: Map<Hex, RateDeck>;
};

/** Of the largest carriers each takes some 100 MB. */
const MAX_KNOWN = 5;

function remember({ known }: DeckDeps, hash: Hex, deck: RateDeck): void {
  known.delete(hash);
  known.set(hash, deck);
  const [oldest] = known.keys();
  if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
}

export async function readDeck(deps: DeckDeps, provider: Address): Promise<ProvenDeck> {
  const record = await deps.chain.reader.provider(provider);
  if (!record || record.tariffHash === null) return { kind: 'none' };
  const hash = record.tariffHash;
  const before = deps.known.get(hash);
  if (before && new Date(before.effectiveFrom) <= deps.now()) return deckOf(before, hash, 'service');
  const found = await findDeck(deps, provider, hash, record.tariffUri);
  if (found.kind === 'deck') remember(deps, found.hash, found.deck);
  return found;
}

const deckOf = (deck: RateDeck, hash: Hex, from: 'service' | 'provider') =>
  ({ kind: 'deck', deck, index: indexDeck(deck), hash, from }) as const;

async function findDeck(deps: DeckDeps, provider: Address, hash: Hex, uri: string | null): Promise<ProvenDeck> {
  const told = deps.client && (await askService(deps, deps.client, provider, hash));
  if (told?.kind === 'deck') return told;
  const own = uri === null ? null : await askProvider(uri);
  // a deck that takes effect later is not in force, and only the service knows the one before it
  const isOwn = own !== null && hashOfDeck(own) === hash && new Date(own.effectiveFrom) <= deps.now();
  if (isOwn) return deckOf(own, hash, 'provider');
  return told ?? { kind: 'missing', hash };
}

/** @throws what the chain throws */
async function askService(
  { chain, now }: DeckDeps,
  client: Client,
  provider: Address,
  newest: Hex,
): Promise<ProvenDeck | null> {
  const tariff = await client.call(getTariff, { params: { address: provider } }).catch(nullIfService);
  if (!tariff?.inForce || tariff.deck === null) return null;
  const read = rateDeckSchema.safeParse(tariff.deck);
  if (!read.success) return { kind: 'lies', hash: newest, told: tariff.inForce.hash };
  const hash = hashOfDeck(read.data);
  const deck = deckOf(read.data, hash, 'service');
  const lies = { kind: 'lies', hash: newest, told: hash } as const;
  if (read.data.provider !== provider || new Date(read.data.effectiveFrom) > now()) return lies;
  if (hash === newest) return deck;
  // An older one may be in force while the newest waits for its time: then both stand on the chain.
  const isLater = await isNewestLater(client, provider, newest, now());
  if (!isLater) return lies;
  return (await wasSet(chain, provider, tariff.inForce.txHash as TxHash, hash)) ? deck : lies;
}

/** A service that is away, or does not know it, tells nothing; a mistake of ours is no answer. */
function nullIfService(error: unknown): null {
  if (!isServiceSilent(error)) throw error;
  return null;
}

/** Whether the newest deck's own document says that it takes effect later. */
async function isNewestLater(client: Client, provider: Address, newest: Hex, now: Date): Promise<boolean> {
  const listed = await client.call(listTariffs, { params: { address: provider } }).catch(nullIfService);
  const set = listed?.items.find(({ hash }) => hash === newest);
  if (!set?.effectiveFrom) return false;
  const at = new Date(set.effectiveFrom);
  const tariff = await client.call(getTariff, { params: { address: provider }, query: { at } }).catch(nullIfService);
  const read = rateDeckSchema.safeParse(tariff?.deck);
  return read.success && hashOfDeck(read.data) === newest && new Date(read.data.effectiveFrom) > now;
}

/** Whether that transaction has set that hash, by the chain itself. */
async function wasSet({ rpc, contract }: Chain, provider: Address, txHash: TxHash, hash: Hex): Promise<boolean> {
  const executed = await readExecuted(rpc, txHash);
  if (executed?.execution.state !== 'HALT') return false;
  return executed.execution.notifications.some((emitted) => {
    if (emitted.contract !== contract || emitted.name !== 'TariffSet') return false;
    const event = decodeEvent(emitted.name, emitted.state);
    return event.name === 'TariffSet' && event.provider === provider && event.hash === hash;
  });
}

const TIMEOUT_MS = 15_000;

/** The provider's own address for it; null where nothing of that form comes. */
async function askProvider(uri: string): Promise<RateDeck | null> {
  const url = URL.parse(uri);
  if (!url || !['https:', 'http:'].includes(url.protocol)) return null;
  try {
    const answer = await fetch(url, { credentials: 'omit', signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!answer.ok || Number(answer.headers.get('content-length') ?? 0) > MAX_DECK_BYTES) return null;
    return rateDeckSchema.safeParse(parseJson(await answer.text())).data ?? null;
  } catch {
    return null; // away, refused, or no JSON: then nobody has it
  }
}
