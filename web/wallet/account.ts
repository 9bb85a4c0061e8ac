import { computed, signal } from '@preact/signals';
import type { Signer } from '../../protocol/sign/signer.ts';
import type { Address } from '../../protocol/types/address.ts';
import type { PublicKey } from '../../protocol/types/public-key.ts';

type Identity = { address: Address; publicKey: PublicKey };

/** Whose page this is, and whether it can sign right now. */
export type Account =
  | { kind: 'loading' }
  | { kind: 'none' }
  | ({ kind: 'locked' } & Identity)
  | { kind: 'unlocked'; address: Address; publicKey: PublicKey; signer: Signer }
  /** An installed wallet (NEP-21) holds the key: its own window asks each time. */
  | ({ kind: 'installed' } & Identity);

export const account = signal<Account>({ kind: 'loading' });

/** The address, also while it is locked; null before there is a wallet. */
export const address = computed<Address | null>(() => ('address' in account.value ? account.value.address : null));

/** What waits for the key: the unlock sheet is open while it is set. */
export const wanted = signal<{ answer: (signer: Signer | null) => void } | null>(null);

/** The built-in wallet's signer; a locked wallet asks its person first. Null: they would rather not. */
export async function askSigner(): Promise<Signer | null> {
  const { value } = account;
  if (value.kind === 'unlocked') return value.signer;
  if (value.kind !== 'locked') return null;
  wanted.value?.answer(null);
  return new Promise((resolve) => {
    wanted.value = {
      answer: (signer) => {
        wanted.value = null;
        resolve(signer);
      },
    };
  });
}
