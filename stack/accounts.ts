import { join } from 'node:path';
import { type Key, keyOf } from '../protocol/sign/key.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import { multisigScript } from '../protocol/types/verification-script.ts';
import type { Folder } from './folder.ts';
import { nodeWallet } from './node.ts';
import { openWallet, provideWallet, type StackWallet } from './wallets.ts';

export const walletOf = (folder: Folder, name: string): StackWallet => ({
  path: join(folder.wallets, `${name}.json`),
  passwordFile: join(folder.wallets, `${name}.password`),
});

export const provideAccount = (folder: Folder, name: string): Promise<Signer> =>
  provideWallet(walletOf(folder, name), name);

/** The account that holds all 52 million GAS of a fresh devnet. */
export async function openTreasury(folder: Folder): Promise<Key> {
  const validator = await openWallet(nodeWallet(folder));
  return keyOf(validator.privateKey, multisigScript(validator.publicKey));
}
