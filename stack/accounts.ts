import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Account, accountOfKey, createWalletFile, openWalletFile } from '../chain/account.ts';
import type { Rpc } from '../chain/rpc.ts';
import { scriptOf } from '../chain/script.ts';
import { asInteger } from '../chain/stack-item.ts';
import { execute, invokeScript } from '../chain/transaction.ts';
import { type Address, type Datoshi, datoshiPerGas, type ScriptHash } from '../chain/types.ts';
import { type Folder, writePrivately } from './folder.ts';
import { nodeWallet } from './node.ts';
import { newPassword } from './state.ts';

/** Native contract, the same hash on every NEO N3 network. */
const gasToken = '0xd2a4cff31913016155e38e474a2c06d08be276cf' as ScriptHash;

export interface StackWallet {
  readonly path: string;
  readonly passwordFile: string;
}

export const walletOf = (folder: Folder, name: string): StackWallet => ({
  path: join(folder.wallets, `${name}.json`),
  passwordFile: join(folder.wallets, `${name}.password`),
});

/** Opens the wallet of this name, made at the first start. Its password stands beside it: it guards play money. */
export async function provideAccount(folder: Folder, name: string): Promise<Account> {
  const { path, passwordFile } = walletOf(folder, name);
  if (!existsSync(passwordFile)) writePrivately(passwordFile, newPassword());
  const password = readFileSync(passwordFile, 'utf8');
  return existsSync(path) ? openWalletFile(path, password) : createWalletFile(path, password, { name });
}

/** The account that holds all 52 million GAS of a fresh devnet. */
export async function openTreasury(folder: Folder): Promise<Account> {
  const { path, password } = nodeWallet(folder);
  const validator = await openWalletFile(path, password);
  return accountOfKey(validator.privateKey, { multisig: true });
}

export async function gasBalance(rpc: Rpc, address: Address): Promise<Datoshi> {
  const script = scriptOf([{ contract: gasToken, method: 'balanceOf', args: [{ hash160: address }] }]);
  const [balance] = (await invokeScript(rpc, script)).stack;
  if (!balance) throw new Error(`no GAS balance of ${address}`);
  return asInteger(balance) as Datoshi;
}

export interface Payment {
  readonly to: Address;
  readonly gas: bigint;
}

/** All in one transaction; answers once it is in a block. */
export async function payGas(rpc: Rpc, network: number, from: Account, payments: readonly Payment[]): Promise<void> {
  const calls = payments.map(({ to, gas }) => ({
    contract: gasToken,
    method: 'transfer',
    args: [{ hash160: from.address }, { hash160: to }, gas * datoshiPerGas, null],
  }));
  await execute(rpc, calls, from, network, { mustReturnTrue: true });
}
