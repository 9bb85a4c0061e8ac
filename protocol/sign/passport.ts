import { utf8ToBytes } from '@noble/hashes/utils.js';
import { base64urlnopad } from '@scure/base';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import { type Address, addressOfPublicKey, addressSchema } from '../types/address.ts';
import { type ScriptHash, scriptHashSchema } from '../types/hash.ts';
import { publicKeySchema } from '../types/public-key.ts';
import { isSignatureValid } from './p256.ts';
import type { Signer } from './signer.ts';

/**
 * Who calls, said by one provider to another: a PASSporT (RFC 8225) in an Identity header (RFC 8224). ES256 is what a
 * NEO key signs as it is, so the chain takes the place of a certificate authority.
 */

/** What is said of one call or message. */
export type Passport = {
  network: number;
  contract: ScriptHash;
  /** The provider that is called: to no other it says anything. */
  audience: Address;
  /** Of the SIP request. */
  callId: string;
  caller: Address;
  called: Address;
  /** Seconds since 1970. */
  issuedAt: number;
};

/** Older ones, and those of a clock that is so far ahead, are refused. */
export const PASSPORT_LIFE_S = 60;

const extension = 'krypton';
/** No header of a sane size is longer; base64 of more is not even decoded. */
const MAX_LENGTH = 2_000;

const headSchema = z.object({
  alg: z.literal('ES256'),
  kid: publicKeySchema,
  ppt: z.literal(extension),
  typ: z.literal('passport'),
});

const uriSchema = z
  .string()
  .regex(/^sip:[^@]+$/)
  .transform((uri) => uri.slice(4))
  .pipe(addressSchema);

const claimsSchema = z.object({
  aud: addressSchema,
  cid: z.string().min(1).max(255),
  con: scriptHashSchema,
  dest: z.object({ uri: z.array(uriSchema).length(1) }),
  iat: z.int().positive(),
  net: z.int().positive(),
  orig: z.object({ uri: uriSchema }),
});

/** The value of the Identity header. */
export async function writeIdentity(
  signer: Pick<Signer, 'address' | 'publicKey' | 'sign'>,
  passport: Passport,
): Promise<string> {
  const { network, contract, audience, callId, caller, called, issuedAt } = passport;
  const head = { alg: 'ES256', kid: signer.publicKey, ppt: extension, typ: 'passport' };
  const claims = {
    aud: audience,
    cid: callId,
    con: contract,
    dest: { uri: [`sip:${called}`] },
    iat: issuedAt,
    net: network,
    orig: { uri: `sip:${caller}` },
  };
  const signed = `${encode(head)}.${encode(claims)}`;
  const signature = base64urlnopad.encode(await signer.sign(utf8ToBytes(signed)));
  return `${signed}.${signature};info=<neo:${signer.address}>;alg=ES256;ppt="${extension}"`;
}

/** RFC 8225, section 9: keys in order, no white space. */
function encode(value: object): string {
  const json = canonicalize(value);
  if (json === undefined) throw new TypeError('a PASSporT has no canonical form');
  return base64urlnopad.encode(utf8ToBytes(json));
}

/** Why what another provider says does not count. */
export type PassportFault =
  | 'identityMalformed'
  | 'identityForeign'
  | 'identityExpired'
  | 'identityMismatch'
  | 'identityInvalid';

/** What the request itself says, and where it has arrived. */
export type PassportUse = Omit<Passport, 'issuedAt'> & { nowMs: number };

export type IdentityVerdict = { valid: true; provider: Address } | { valid: false; fault: PassportFault };

/**
 * Whether a provider has signed for this request. That the provider is deployed, that the caller is registered with it,
 * and that it was not said before, is for the asker to find out.
 */
export function checkIdentity(
  header: string,
  use: PassportUse,
  verify: typeof isSignatureValid = isSignatureValid,
): IdentityVerdict {
  const read = readIdentity(header);
  if (!read) return refuse('identityMalformed');
  const { head, claims, signed, signature } = read;
  if (claims.net !== use.network || claims.con !== use.contract || claims.aud !== use.audience)
    return refuse('identityForeign');
  if (claims.cid !== use.callId || claims.orig.uri !== use.caller || claims.dest.uri[0] !== use.called)
    return refuse('identityMismatch');
  if (Math.abs(use.nowMs - claims.iat * 1000) > PASSPORT_LIFE_S * 1000) return refuse('identityExpired');
  if (!verify(head.kid, utf8ToBytes(signed), signature)) return refuse('identityInvalid');
  return { valid: true, provider: addressOfPublicKey(head.kid) };
}

const refuse = (fault: PassportFault): IdentityVerdict => ({ valid: false, fault });

function readIdentity(header: string) {
  const [token = '', ...parameters] = header.trim().split(';');
  const isOurs = parameters.some((each) => /^\s*ppt\s*=\s*"?krypton"?\s*$/.test(each));
  const parts = token.split('.');
  if (!isOurs || header.length > MAX_LENGTH || parts.length !== 3) return null;
  const [head, claims, signature] = parts as [string, string, string];
  try {
    return {
      head: headSchema.parse(decode(head)),
      claims: claimsSchema.parse(decode(claims)),
      signed: `${head}.${claims}`,
      signature: base64urlnopad.decode(signature),
    };
  } catch {
    return null; // of whatever form: it is none of ours
  }
}

const decode = (text: string): unknown => JSON.parse(new TextDecoder().decode(base64urlnopad.decode(text)));
