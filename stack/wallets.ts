import { existsSync, readFileSync } from 'node:fs';
import { createWalletFile, openWalletFile, WalletError } from '../chain/wallet-file.ts';
import type { Key } from '../protocol/sign/key.ts';
import { writePrivately } from './folder.ts';
import { newPassword } from './state.ts';
import { Trouble } from './trouble.ts';

/** A wallet file of the devnet. Its password stands beside it: it guards play money. */
export interface StackWallet {
  readonly path: string;
  readonly passwordFile: string;
}

/** Opens a wallet, made at the first start. @throws Trouble it is damaged, or its password is lost */
export async function provideWallet(wallet: StackWallet, name: string): Promise<Key> {
  if (existsSync(wallet.path)) return openWallet(wallet);
  if (!existsSync(wallet.passwordFile)) writePrivately(wallet.passwordFile, newPassword());
  return createWalletFile(wallet.path, readPassword(wallet), name);
}

/** @throws Trouble */
export async function openWallet(wallet: StackWallet): Promise<Key> {
  try {
    return await openWalletFile(wallet.path, readPassword(wallet));
  } catch (error) {
    if (error instanceof WalletError) throw lost(wallet, error.message);
    throw error;
  }
}

export function readPassword(wallet: StackWallet): string {
  if (!existsSync(wallet.passwordFile)) throw lost(wallet, `${wallet.passwordFile} is missing`);
  return readFileSync(wallet.passwordFile, 'utf8');
}

/** The chain knows these keys: the validator's adds its blocks, and the owner's deployed the contract. */
const lost = ({ path, passwordFile }: StackWallet, why: string) =>
  new Trouble(`${why}: put back a copy of ${path} and ${passwordFile}, or begin a new devnet by npm run reset`);
