import { inject } from 'vitest';
import { type Account, accountOfKey, createAccount, openWalletFile } from '../../chain/account.ts';
import { createRpc, type Rpc } from '../../chain/rpc.ts';
import { payGas } from '../../stack/accounts.ts';

export const testRpc = (): Rpc => createRpc([inject('base').rpc]);

/** Fresh accounts, each with this much GAS, in one transaction that is in a block when this answers. */
export async function createFundedAccounts(count: number, gas = 1_000n): Promise<Account[]> {
  const accounts = Array.from({ length: count }, () => createAccount());
  const payments = accounts.map(({ address }) => ({ to: address, gas }));
  await payGas(testRpc(), inject('base').network, await openTreasury(), payments);
  return accounts;
}

export async function createFundedAccount(gas = 1_000n): Promise<Account> {
  const [account] = await createFundedAccounts(1, gas);
  return account as Account;
}

/** The account that holds all GAS of the test chain. */
export async function openTreasury(): Promise<Account> {
  const { path, password } = inject('base').treasury;
  return accountOfKey((await openWalletFile(path, password)).privateKey, { multisig: true });
}
