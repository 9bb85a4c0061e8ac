import { signal } from '@preact/signals';
import { getProvider, listProviders, type Provider } from '../../../protocol/api/providers.ts';
import type { Address } from '../../../protocol/types/address.ts';
import { isNodeSilent, isServiceSilent } from '../../purse/core/silence.ts';
import type { Current } from '../purse/current.ts';
import { type DeckDeps, type ProvenDeck, readDeck } from './core/deck.ts';
import { type CheckedProvider, checkProvider } from './core/facts.ts';

/** What was asked for last: it stands while one looks at a provider and comes back. */
export const wish = { dest: signal(''), minutes: signal('3'), part: signal('') };

/** Of this page. */
export const knownDecks: DeckDeps['known'] = new Map();

export type Listed =
  | { kind: 'list'; items: Provider[]; next: string | null; dest: string; minutes: number }
  | { kind: 'away' };

export type Asked = { dest: string; minutes: number; part: string; cursor?: string };

/** A screen of them; more come when they are asked for. */
const PAGE = 20;

/** The service's list, the cheapest first where a destination is named. Nothing of it is believed yet. */
export async function search({ client, purse }: Current, { dest, minutes, part, cursor }: Asked): Promise<Listed> {
  if (!client) return { kind: 'away' };
  const query = {
    limit: PAGE,
    minutes: String(minutes),
    ...(dest !== '' && { dest }),
    ...(part !== '' && { q: part }),
    ...(cursor !== undefined && { cursor }),
  };
  try {
    const { items, next } = await client(purse.holdings.peek()?.height).call(listProviders, { query });
    return { kind: 'list', items, next, dest, minutes };
  } catch (error) {
    if (!isServiceSilent(error)) throw error;
    return { kind: 'away' };
  }
}

/** What the service says of one provider; null: it does not know it, or is away. */
export async function askProvider({ client, purse }: Current, address: Address): Promise<Provider | null> {
  if (!client) return null;
  try {
    return await client(purse.holdings.peek()?.height).call(getProvider, { params: { address } });
  } catch (error) {
    if (!isServiceSilent(error)) throw error;
    return null;
  }
}

export type Looked = { kind: 'looked'; facts: CheckedProvider; proven: ProvenDeck } | { kind: 'nodeAway' };

/** The provider and its prices by the chain. */
export async function look(current: Current, address: Address, told: Provider | null): Promise<Looked> {
  const { purse, client } = current;
  try {
    const [facts, proven] = await Promise.all([
      checkProvider(purse.chain, address, told),
      readDeck({ chain: purse.chain, client: client?.() ?? null, now: () => new Date(), known: knownDecks }, address),
    ]);
    return { kind: 'looked', facts, proven };
  } catch (error) {
    if (!isNodeSilent(error)) throw error;
    return { kind: 'nodeAway' };
  }
}
