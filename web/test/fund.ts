import type { Address } from '../../protocol/types/address.ts';
import { datoshi, datoshiPerGas } from '../../protocol/types/datoshi.ts';
import { payFromTreasury } from '../../test/harness/accounts.ts';

const gift = datoshi(100n * datoshiPerGas);

/** What a devnet's faucet does. */
export async function fundAccount(to: Address): Promise<{ txHash: string; amount: string }> {
  const { txHash } = await payFromTreasury([{ to, amount: gift }]);
  return { txHash, amount: String(gift) };
}
