import { inject } from 'vitest';
import { transferGas } from '../../chain/gas.ts';
import { createRpc, type Rpc } from '../../chain/rpc.ts';
import { createKey, type Key, keyOf } from '../../protocol/sign/key.ts';
import { publicKeyOf } from '../../protocol/sign/p256.ts';
import type { Signer } from '../../protocol/sign/signer.ts';
import { bytesOfHex } from '../../protocol/types/bytes.ts';
import { type Datoshi, datoshi, datoshiPerGas } from '../../protocol/types/datoshi.ts';
import { multisigScript } from '../../protocol/types/verification-script.ts';
import type { TestBase } from './global-setup.ts';

const thousandGas: Datoshi = datoshi(1_000n * datoshiPerGas);

export const testRpc = (base: TestBase = inject('base')): Rpc => createRpc([base.rpc]);

/** Fresh accounts, each with this much GAS, in one transaction that is in a block when this answers. */
export async function createFundedAccounts(
  count: number,
  amount = thousandGas,
  base: TestBase = inject('base'),
): Promise<Key[]> {
  const accounts = Array.from({ length: count }, () => createKey());
  const payments = accounts.map(({ address }) => ({ to: address, amount }));
  await payFromTreasury(payments, base);
  return accounts;
}

/** In a block when this answers. */
export const payFromTreasury = (payments: Parameters<typeof transferGas>[1], base: TestBase = inject('base')) =>
  transferGas({ rpc: testRpc(base), network: base.network, signer: openTreasury(base) }, payments);

export async function createFundedAccount(amount = thousandGas, base: TestBase = inject('base')): Promise<Key> {
  const [account] = await createFundedAccounts(1, amount, base);
  return account as Key;
}

/** The account that holds all GAS of the test chain. */
function openTreasury(base: TestBase): Signer {
  const privateKey = bytesOfHex(base.treasuryKey);
  return keyOf(privateKey, multisigScript(publicKeyOf(privateKey)));
}
