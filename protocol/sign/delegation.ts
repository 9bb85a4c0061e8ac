import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { hash160Bytes } from '../types/address.ts';
import { bigEndian8, bytesOfHex, littleEndian4 } from '../types/bytes.ts';
import type { ScriptHash } from '../types/hash.ts';
import { type PublicKey, publicKeySchema } from '../types/public-key.ts';
import { isSignatureValid } from './p256.ts';
import type { Signer } from './signer.ts';
import { type SignatureForm, signatureForms, type Wrapping, wrapMessage } from './wallet-message.ts';

/**
 * A wallet signs once that a key, as a browser has one, may act in its name: read its records, register its phone, or
 * both. Never for money, CDRs or decks.
 */

/** A bit each. */
export const delegationScope = { read: 1, registration: 2, both: 3 } as const;
export type DelegationScope = (typeof delegationScope)[keyof typeof delegationScope];

/** What is delegated to whom. No other network or contract takes it. */
export type DelegationTerms = {
  network: number;
  contract: ScriptHash;
  /** The key that may act. */
  delegate: PublicKey;
  /** Milliseconds since 1970. */
  notAfter: number;
  scope: DelegationScope;
};

/** The terms, without network and contract, which both sides know; and the wallet's signature. */
export type Delegation = Omit<DelegationTerms, 'network' | 'contract'> & {
  wallet: PublicKey;
  /** r|s, 64 bytes. */
  signature: Uint8Array;
} & Wrapping;

/** The header of a request that a delegated key signs; the signature has to cover it. */
export const delegationHeader = 'krypton-delegation';

/** A lost phone acts no longer than this. */
export const MAX_DELEGATION_MS = 30 * 86_400_000;
/** The wallet's clock may be ahead of the server's. */
const CLOCK_TOLERANCE_MS = 60_000;

const prefix = utf8ToBytes('KRYPTON-DELEGATE-1');

/** The 84 bytes that the wallet signs, in whatever form: to an installed wallet they are handed as they are. */
export function delegationStatement({ network, contract, delegate, notAfter, scope }: DelegationTerms): Uint8Array {
  return concatBytes(
    prefix,
    littleEndian4(network),
    hash160Bytes(contract),
    bytesOfHex(delegate),
    bigEndian8(BigInt(notAfter)),
    Uint8Array.of(scope),
  );
}

/** Signed by a key at hand. An installed wallet's answer is a delegation too: with its key, its form and its salt. */
export async function delegate(
  signer: Pick<Signer, 'publicKey' | 'sign'>,
  terms: DelegationTerms,
  wrapping: Wrapping = { form: 'raw' },
): Promise<Delegation> {
  const { delegate, notAfter, scope } = terms;
  const signature = await signer.sign(wrapMessage(delegationStatement(terms), wrapping));
  return { wallet: signer.publicKey, delegate, notAfter, scope, signature, ...wrapping };
}

/** `wallet;delegate;notAfter;scope;form;signature[;salt]` */
export function writeDelegation(delegation: Delegation): string {
  const { wallet, delegate, notAfter, scope, form, signature } = delegation;
  const fields = [wallet, delegate, notAfter, scope, form, bytesToHex(signature)];
  return [...fields, ...(delegation.form === 'legacy' ? [delegation.salt] : [])].join(';');
}

/** Wallets use 16 bytes; more than 64 would be no salt. They are signed as they are written, and so kept. */
const saltPattern = /^(?:[0-9a-fA-F]{2}){1,64}$/;

/** Null: it is of another form. */
export function readDelegation(header: string): Delegation | null {
  const [wallet, delegate, notAfter = '', scope = '', form, signature = '', salt, ...more] = header.split(';');
  const [walletKey, delegateKey] = [publicKeySchema.safeParse(wallet), publicKeySchema.safeParse(delegate)];
  const known = signatureForms.find((each) => each === form);
  if (!walletKey.success || !delegateKey.success || !known || more.length > 0) return null;
  if (!/^[1-9]\d{0,14}$/.test(notAfter) || !/^[123]$/.test(scope) || !/^[0-9a-fA-F]{128}$/.test(signature)) return null;
  const wrapping = readWrapping(known, salt);
  return (
    wrapping && {
      wallet: walletKey.data,
      delegate: delegateKey.data,
      notAfter: Number(notAfter),
      scope: Number(scope) as DelegationScope,
      signature: bytesOfHex(signature),
      ...wrapping,
    }
  );
}

function readWrapping(form: SignatureForm, salt: string | undefined): Wrapping | null {
  if (form !== 'legacy') return salt === undefined ? { form } : null;
  return salt !== undefined && saltPattern.test(salt) ? { form, salt } : null;
}

/** Why a delegation does not count. */
export type DelegationFault =
  | 'delegationForeign'
  | 'delegationExpired'
  | 'delegationTooLong'
  | 'delegationOutOfScope'
  | 'delegationInvalid';

/** What is asked of a delegation: by which key, for what, and where. */
export type DelegationUse = {
  network: number;
  contract: ScriptHash;
  /** The key that acts. */
  key: PublicKey;
  needs: Exclude<keyof typeof delegationScope, 'both'>;
  nowMs: number;
};

/** Null: the key may act for the wallet. `verify` may be a faster one than that of a browser. */
export function delegationFault(
  delegation: Delegation,
  { network, contract, key, needs, nowMs }: DelegationUse,
  verify: typeof isSignatureValid = isSignatureValid,
): { code: DelegationFault; detail: string } | null {
  const { wallet, delegate, notAfter, scope, signature } = delegation;
  if (delegate !== key) return { code: 'delegationForeign', detail: `it is for the key ${delegate}, not for ${key}` };
  if (notAfter < nowMs)
    return { code: 'delegationExpired', detail: `it was good until ${new Date(notAfter).toISOString()}` };
  if (notAfter > nowMs + MAX_DELEGATION_MS + CLOCK_TOLERANCE_MS)
    return { code: 'delegationTooLong', detail: `it ends more than ${MAX_DELEGATION_MS / 86_400_000} days from now` };
  if ((scope & delegationScope[needs]) === 0)
    return {
      code: 'delegationOutOfScope',
      detail: `its scope, ${scope}, does not hold ${delegationScope[needs]}, ${needs}`,
    };
  const statement = delegationStatement({ network, contract, delegate, notAfter, scope });
  if (verify(wallet, wrapMessage(statement, delegation), signature)) return null;
  return {
    code: 'delegationInvalid',
    detail: `the wallet ${wallet} has not signed this for contract ${contract} on network ${network}`,
  };
}
