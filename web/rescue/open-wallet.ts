import type { Key } from '../../protocol/sign/key.ts';
import { keyOf } from '../../protocol/sign/key.ts';
import { decryptKey } from '../wallet/nep2.ts';
import { readSecret } from '../wallet/read-secret.ts';
import type { FileAccount } from '../wallet/wallet-file.ts';

/** What a person has of their wallet: a key as text, or an account of a file. */
export type Given = { kind: 'text'; text: string } | { kind: 'account'; account: FileAccount };
export type Opened = Key | 'noKey' | 'wrongPassword';

/** Whether a password is needed to open it. */
export const isEncrypted = (given: Given): boolean =>
  given.kind === 'account' || readSecret(given.text).kind === 'encrypted';

/** Takes a second or two for an encrypted key, and the page stands still for so long. */
export function openWallet(given: Given, password: string): Opened {
  if (given.kind === 'account') {
    const { encrypted, cost } = given.account;
    return keyOrWrong(decryptKey(encrypted, password, cost));
  }
  const secret = readSecret(given.text);
  if (secret.kind === 'none') return 'noKey';
  return secret.kind === 'wif' ? keyOf(secret.privateKey) : keyOrWrong(decryptKey(secret.text, password));
}

const keyOrWrong = (privateKey: Uint8Array | null): Opened => (privateKey ? keyOf(privateKey) : 'wrongPassword');
