import { inject } from 'vitest';
import { type Account, accountOfKey, createAccount } from '../../chain/account.ts';
import { transferGas } from '../../chain/gas.ts';
import { createRpc, type Rpc } from '../../chain/rpc.ts';
import { type Datoshi, datoshi, datoshiPerGas } from '../../chain/types.ts';

const thousandGas: Datoshi = datoshi(1_000n * datoshiPerGas);

export const testRpc = (): Rpc => createRpc([inject('base').rpc]);

/** Fresh accounts, each with this much GAS, in one transaction that is in a block when this answers. */
export async function createFundedAccounts(count: number, amount = thousandGas): Promise<Account[]> {
  const accounts = Array.from({ length: count }, () => createAccount());
  const payments = accounts.map(({ address }) => ({ to: address, amount }));
  await transferGas(testRpc(), openTreasury(), inject('base').network, payments);
  return accounts;
}

export async function createFundedAccount(amount = thousandGas): Promise<Account> {
  const [account] = await createFundedAccounts(1, amount);
  return account as Account;
}

/** The account that holds all GAS of the test chain. */
function openTreasury(): Account {
  return accountOfKey(Buffer.from(inject('base').treasuryKey, 'hex'), { multisig: true });
}
