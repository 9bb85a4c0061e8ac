import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { type Address, hash160Bytes } from '../types/address.ts';
import { littleEndian4 } from '../types/bytes.ts';
import type { ScriptHash } from '../types/hash.ts';
import type { PublicKey } from '../types/public-key.ts';
import { bytesOfUuid } from '../types/uuid.ts';
import { isSignatureValid } from './p256.ts';
import type { Signer } from './signer.ts';
import { type Wrapping, wrapMessage } from './wallet-message.ts';

/**
 * How a phone shows a provider's proxy that it is its user's: the proxy gives it a nonce, and the user's key, or a key
 * that it has delegated to, signs it.
 */

/** What a registration is signed for: no other network, contract or provider takes it, and the nonce only once. */
export type RegistrationTerms = {
  network: number;
  contract: ScriptHash;
  provider: Address;
  /** The UUID that the proxy has given to this connection. */
  nonce: string;
};

export type RegistrationProof = {
  key: PublicKey;
  /** r|s, 64 bytes. */
  signature: Uint8Array;
} & Wrapping;

const prefix = utf8ToBytes('KRYPTON-REGISTER-1');

/** The 78 bytes that are signed, in whatever form. */
export function registrationStatement({ network, contract, provider, nonce }: RegistrationTerms): Uint8Array {
  return concatBytes(
    prefix,
    littleEndian4(network),
    hash160Bytes(contract),
    hash160Bytes(provider),
    bytesOfUuid(nonce),
  );
}

export async function signRegistration(
  signer: Pick<Signer, 'publicKey' | 'sign'>,
  terms: RegistrationTerms,
  wrapping: Wrapping = { form: 'raw' },
): Promise<RegistrationProof> {
  const signature = await signer.sign(wrapMessage(registrationStatement(terms), wrapping));
  return { key: signer.publicKey, signature, ...wrapping };
}

/** Whether the key has signed these terms. `verify` may be a faster one than that of a browser. */
export const isRegistrationValid = (
  proof: RegistrationProof,
  terms: RegistrationTerms,
  verify: typeof isSignatureValid = isSignatureValid,
): boolean => verify(proof.key, wrapMessage(registrationStatement(terms), proof), proof.signature);
