import { inject } from 'vitest';
import { transferGas } from '../../chain/gas.ts';
import { createRpc, type Rpc } from '../../chain/rpc.ts';
import { createKey, type Key, keyOf } from '../../protocol/sign/key.ts';
import { publicKeyOf } from '../../protocol/sign/p256.ts';
import type { Signer } from '../../protocol/sign/signer.ts';
import { bytesOfHex } from '../../protocol/types/bytes.ts';
import { type Datoshi, datoshi, datoshiPerGas } from '../../protocol/types/datoshi.ts';
import { multisigScript } from '../../protocol/types/verification-script.ts';

const thousandGas: Datoshi = datoshi(1_000n * datoshiPerGas);

export const testRpc = (): Rpc => createRpc([inject('base').rpc]);

/** Fresh accounts, each with this much GAS, in one transaction that is in a block when this answers. */
export async function createFundedAccounts(count: number, amount = thousandGas): Promise<Key[]> {
  const accounts = Array.from({ length: count }, () => createKey());
  const payments = accounts.map(({ address }) => ({ to: address, amount }));
  await transferGas({ rpc: testRpc(), network: inject('base').network, signer: openTreasury() }, payments);
  return accounts;
}

export async function createFundedAccount(amount = thousandGas): Promise<Key> {
  const [account] = await createFundedAccounts(1, amount);
  return account as Key;
}

/** The account that holds all GAS of the test chain. */
function openTreasury(): Signer {
  const privateKey = bytesOfHex(inject('base').treasuryKey);
  return keyOf(privateKey, multisigScript(publicKeyOf(privateKey)));
}
