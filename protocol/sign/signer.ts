import type { Address } from '../types/address.ts';
import type { PublicKey } from '../types/public-key.ts';

/**
 * Somebody who can sign for an account, wherever its key is: in this process, in a browser's key store, in a hardware
 * wallet, in an installed wallet that asks its person first.
 */
export type Signer = {
  address: Address;
  publicKey: PublicKey;
  /** The script that a signature of this account is checked by. */
  verificationScript: Uint8Array;
  /**
   * Raw ECDSA (r|s, 64 bytes) on secp256r1 over SHA-256 of the message. Either half of s may come: NEO has no low-s
   * rule.
   */
  sign(message: Uint8Array): Promise<Uint8Array>;
};
