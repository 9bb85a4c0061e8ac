import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createWalletFile, openWalletFile } from '../chain/wallet-file.ts';
import { type Key, keyOf } from '../protocol/sign/key.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import { multisigScript } from '../protocol/types/verification-script.ts';
import { type Folder, writePrivately } from './folder.ts';
import { nodeWallet } from './node.ts';
import { newPassword } from './state.ts';

export interface StackWallet {
  readonly path: string;
  readonly passwordFile: string;
}

export const walletOf = (folder: Folder, name: string): StackWallet => ({
  path: join(folder.wallets, `${name}.json`),
  passwordFile: join(folder.wallets, `${name}.password`),
});

/** Opens the wallet of this name, made at the first start. Its password stands beside it: it guards play money. */
export async function provideAccount(folder: Folder, name: string): Promise<Signer> {
  const { path, passwordFile } = walletOf(folder, name);
  if (!existsSync(passwordFile)) writePrivately(passwordFile, newPassword());
  const password = readFileSync(passwordFile, 'utf8');
  return existsSync(path) ? openWalletFile(path, password) : createWalletFile(path, password, name);
}

/** The account that holds all 52 million GAS of a fresh devnet. */
export async function openTreasury(folder: Folder): Promise<Key> {
  const { path, password } = nodeWallet(folder);
  const validator = await openWalletFile(path, password);
  return keyOf(validator.privateKey, multisigScript(validator.publicKey));
}
