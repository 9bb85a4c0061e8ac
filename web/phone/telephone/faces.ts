import { type ReadonlySignal, signal } from '@preact/signals';
import { signRegistration } from '../../../protocol/sign/registration.ts';
import type { Address } from '../../../protocol/types/address.ts';
import { askSigner } from '../../wallet/account.ts';
import type { Needs } from './needs.ts';

/**
 * Where the other parts of the program plug in: the purse and the wallet set these when they start, and the telephone
 * begins as soon as there is somebody to pay and somebody to sign.
 */

export type PurseFace = Omit<Needs, 'network' | 'contract' | 'user' | 'sign'> & {
  /** Providers with which the person wants to telephone, in the order of their choice. */
  providers: ReadonlySignal<readonly Address[]>;
  /** Shows what it costs, and waits for the block; whether the chain has it now. */
  register(provider: Address, uuid: string): Promise<boolean>;
};

export const purse = signal<PurseFace | null>(null);

/** Signs for a registration. The wallet replaces it where a key of this browser may do so in its name. */
export const signer = signal<Needs['sign']>(async (terms) => {
  const held = await askSigner();
  return held && { ...(await signRegistration(held, terms)), delegation: null };
});
