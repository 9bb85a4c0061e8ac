import type { ProviderRecord } from '../../../../chain/read.ts';
import type { Provider } from '../../../../protocol/api/providers.ts';
import type { Address } from '../../../../protocol/types/address.ts';
import type { Chain } from '../../../purse/core/chain.ts';

/** What a service tells of a provider, beside what the chain says. */
export type CheckedProvider = {
  address: Address;
  /** Null: no such provider stands on the chain. */
  record: ProviderRecord | null;
  told: Provider | null;
  /** What the service says otherwise than the chain. */
  lies: ProviderLie[];
};
export type ProviderLie = { what: 'deployed' | 'location' | 'tariff' | 'operator'; told: string; chain: string };

export async function checkProvider(chain: Chain, address: Address, told: Provider | null): Promise<CheckedProvider> {
  const record = await chain.reader.provider(address);
  return { address, record, told, lies: told ? liesOf(told, record) : [] };
}

/** The chain may be some blocks ahead of the service; whoever shows this asks the service for that block first. */
function liesOf(told: Provider, record: ProviderRecord | null): ProviderLie[] {
  const deployed = (is: boolean) => (is ? 'yes' : 'no');
  if (!record)
    return told.undeployedAt === null ? [{ what: 'deployed', told: deployed(true), chain: deployed(false) }] : [];
  if (told.undeployedAt !== null) return [{ what: 'deployed', told: deployed(false), chain: deployed(true) }];
  const pairs = [
    ['location', told.location, record.location],
    ['tariff', told.tariff?.hash ?? '', record.tariffHash ?? ''],
    ['operator', told.operator ?? '', record.operator ?? ''],
  ] as const;
  return pairs.flatMap(([what, theirs, ours]) => (theirs === ours ? [] : [{ what, told: theirs, chain: ours }]));
}
