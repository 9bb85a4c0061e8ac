import { createHash } from 'node:crypto';
import { type InnerList, isInnerList, type Parameters, serializeByteSequence } from 'structured-headers';
import {
  type HttpRequest,
  headerValue,
  requiredComponents,
  SignatureError,
  signatureAlgorithm,
  signatureBase,
} from '../../protocol/sign/http-signature.ts';
import { type PublicKey, publicKeySchema } from '../../protocol/types/public-key.ts';
import { type Member, membersOf } from './members.ts';
import { checkSignature } from './p256.ts';

/** How far `created` may be off, either way: clocks differ, and a request may wait in a queue. */
export const CREATED_TOLERANCE_S = 60;
/** Counted in the characters of the parameter as it is sent, whatever they encode. */
const MIN_NONCE_LENGTH = 16;
const MAX_NONCE_LENGTH = 256;
/** Proxies may add a signature of their own; nobody needs more than a few. */
const MAX_SIGNATURES = 4;

/** A signature that holds: by whom, what it covers, and the nonce that it uses up. */
export type Verified = SignedBy & { covers: readonly string[] };
type SignedBy = { publicKey: PublicKey; nonce: string; created: number };

type Candidate = { label: string; covered: InnerList; member: Member };

/**
 * Checks a request's signature (RFC 9421) and its body's digest (RFC 9530). Of several signatures, under any labels,
 * the first that holds counts; the others may be of anybody and of any form. Whether the nonce was used before is for
 * the caller to find out.
 * @throws SignatureError saying what is wrong with the signature that was meant for us
 */
export async function verifyRequest(request: HttpRequest, body: Uint8Array, nowMs: number): Promise<Verified> {
  const signatures = parse(request, 'signature');
  const found = candidates(request);
  const faults: { candidate: Candidate; fault: SignatureError }[] = [];
  for (const candidate of found) {
    try {
      return await verifyOne(candidate, signatures.get(candidate.label), request, body, nowMs);
    } catch (fault) {
      if (!(fault instanceof SignatureError)) throw fault;
      faults.push({ candidate, fault });
    }
  }
  const ours = faults.find(({ candidate }) => isOfNeoKey(candidate)) ?? faults[0];
  throw ours?.fault ?? new SignatureError('signatureMissing', 'the request is not signed');
}

const isOfNeoKey = ({ covered: [, parameters] }: Candidate) =>
  publicKeySchema.safeParse(parameters.get('keyid')).success;

async function verifyOne(
  { label, covered, member }: Candidate,
  given: Member | undefined,
  request: HttpRequest,
  body: Uint8Array,
  nowMs: number,
): Promise<Verified> {
  checkCoverage(covered, body.length > 0);
  const signedBy = readParameters(covered[1], nowMs);
  if (covered[0].some(([name]) => name === 'content-digest')) checkDigest(request, body);
  const signature = bytesOf(given?.value[0]);
  // One signature has one spelling: the bits that base64 leaves unused are 0.
  if (!signature || !given?.text.startsWith(serializeByteSequence(signature)))
    throw new SignatureError('signatureMalformed', `the Signature header has no byte sequence "${label}" in base64`);
  const base = signatureBase(covered, request, member.isVerbatim ? member.text : undefined);
  if (!(await checkSignature(signedBy.publicKey, Buffer.from(base), signature))) throw forged();
  return { ...signedBy, covers: covered[0].map(([name]) => String(name)) };
}

export const forged = () =>
  new SignatureError('signatureInvalid', 'the signature does not fit the request and the key');

/** By the server's clock. */
export const isTimely = (created: number, nowMs: number): boolean =>
  Math.abs(nowMs - created * 1000) <= CREATED_TOLERANCE_S * 1000;

function candidates(request: HttpRequest): Candidate[] {
  const members = parse(request, 'signature-input');
  if (members.size > MAX_SIGNATURES)
    throw new SignatureError('signatureMalformed', `the request has more than ${MAX_SIGNATURES} signatures`);
  const found = [...members].flatMap(([label, member]): Candidate[] =>
    isInnerList(member.value) ? [{ label, covered: member.value, member }] : [],
  );
  if (found.length === 0)
    throw new SignatureError('signatureMalformed', 'the signature-input header has no list of components');
  return found;
}

function parse(request: HttpRequest, name: 'signature' | 'signature-input'): Map<string, Member> {
  const value = headerValue(request, name);
  if (value === undefined) throw new SignatureError('signatureMissing', `the request has no ${name} header`);
  const members = membersOf(value);
  if (members.size > 0) return members;
  throw new SignatureError('signatureMalformed', `the ${name} header is no structured dictionary (RFC 9651)`);
}

function checkCoverage(covered: InnerList, hasBody: boolean): void {
  const required = hasBody ? [...requiredComponents, 'content-digest'] : requiredComponents;
  const missing = required.filter((name) => !covered[0].some(([each]) => each === name));
  if (missing.length === 0) return;
  throw new SignatureError('signatureIncomplete', `the signature does not cover ${quoted(missing)}`);
}

const quoted = (names: readonly string[]) => names.map((name) => `"${name}"`).join(', ');

function readParameters(parameters: Parameters, nowMs: number): SignedBy {
  const [keyid, nonce, alg] = [parameters.get('keyid'), parameters.get('nonce'), parameters.get('alg')];
  const key = publicKeySchema.safeParse(keyid);
  if (!key.success) throw incomplete('keyid', 'the compressed secp256r1 public key in hex (66 digits)');
  if (typeof nonce !== 'string' || nonce.length < MIN_NONCE_LENGTH || nonce.length > MAX_NONCE_LENGTH)
    throw incomplete('nonce', `a string of ${MIN_NONCE_LENGTH} to ${MAX_NONCE_LENGTH} characters`);
  if (alg !== undefined && alg !== signatureAlgorithm)
    throw new SignatureError('signatureUnsupported', `alg, where it is given, is "${signatureAlgorithm}"`);
  return { publicKey: key.data, nonce, created: readTimes(parameters, nowMs) };
}

function readTimes(parameters: Parameters, nowMs: number): number {
  const [created, expires] = [parameters.get('created'), parameters.get('expires')];
  if (!isTime(created)) throw incomplete('created', 'the time of signing in seconds since 1970');
  if (!isTimely(created, nowMs))
    throw new SignatureError(
      'signatureExpired',
      `created is more than ${CREATED_TOLERANCE_S} seconds from the server's time, ${new Date(nowMs).toISOString()}`,
    );
  if (expires === undefined) return created;
  if (!isTime(expires)) throw new SignatureError('signatureMalformed', 'expires is no whole number of seconds');
  if (nowMs > expires * 1000) throw new SignatureError('signatureExpired', 'expires is over');
  return created;
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value);

const incomplete = (parameter: string, expected: string) =>
  new SignatureError(
    'signatureIncomplete',
    `the signature's ${parameter} is missing or unusable: expected ${expected}`,
  );

function checkDigest(request: HttpRequest, body: Uint8Array): void {
  const value = headerValue(request, 'content-digest');
  if (value === undefined)
    throw new SignatureError('signatureIncomplete', 'the covered header "content-digest" is not in the request');
  const digests = membersOf(value);
  if (digests.size === 0)
    throw new SignatureError('signatureMalformed', 'the content-digest header is no structured dictionary (RFC 9530)');
  const given = bytesOf(digests.get('sha-256')?.value[0]);
  if (!given) throw new SignatureError('digestMismatch', 'content-digest has no sha-256');
  if (!createHash('sha256').update(body).digest().equals(given))
    throw new SignatureError('digestMismatch', 'content-digest is not the SHA-256 of the body');
}

function bytesOf(value: unknown): Uint8Array<ArrayBuffer> | undefined {
  return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined;
}
