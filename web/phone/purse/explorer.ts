import type { TxHash } from '../../../protocol/types/hash.ts';

/** Public networks have explorers; a devnet has none. */
const names = new Map([
  [860_833_102, 'mainnet'],
  [894_710_606, 'testnet'],
]);

export function explorerOf(network: number, hash: TxHash): string | null {
  const name = names.get(network);
  return name === undefined ? null : `https://dora.coz.io/transaction/neo3/${name}/${hash}`;
}
