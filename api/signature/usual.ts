import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { delegationHeader } from '../../protocol/sign/delegation.ts';
import {
  authorityOf,
  type HttpRequest,
  requiredComponents,
  signatureAlgorithm,
} from '../../protocol/sign/http-signature.ts';
import type { PublicKey } from '../../protocol/types/public-key.ts';
import { checkSignature, isKey } from './p256.ts';
import { forged, isTimely, type Verified } from './verify.ts';

const quoted = (name: string) => `"${name}"`;
const always = requiredComponents.map(quoted).join(' ');

/** Signature-Input as `signRequest` writes it, character by character. */
const usualInput = new RegExp(
  `^sig=(\\(${always}( "content-digest")?( ${quoted(delegationHeader)})?\\);created=(\\d{10});nonce="([0-9a-f]{64})"` +
    `;keyid="(0[23][0-9a-f]{64})";alg="${signatureAlgorithm}")$`,
);
/** 64 bytes in base64, whose unused bits are 0. */
const usualSignature = /^sig=:([A-Za-z0-9+/]{85}[AQgw]==):$/;
const ascii = /^[\x20-\x7e\t\n]*$/;

/** What a signature may cover of a request, besides its headers. */
export type Line = Omit<HttpRequest, 'headers'>;

/**
 * The same as `verifyRequest` for what our own clients send, without taking the headers apart: a fifth of the time.
 * Null: something is of another form, or wrong, and that one has to look at it.
 * @throws SignatureError where the form is usual and the signature does not hold
 */
export async function verifyUsual(
  line: Line,
  headers: IncomingHttpHeaders,
  body: Uint8Array,
  nowMs: number,
): Promise<Verified | null> {
  const input = usualInput.exec(one(headers['signature-input']));
  const encoded = usualSignature.exec(one(headers.signature))?.[1];
  if (!input || encoded === undefined || !line.target.startsWith('/')) return null;
  const [, parameters = '', digestCovered, delegationCovered, created = '', nonce = '', keyid = ''] = input;
  if (body.length > 0 && digestCovered === undefined) return null;
  if (!isTimely(Number(created), nowMs) || !isKey(keyid as PublicKey)) return null;
  const covered = [...(digestCovered ? ['content-digest'] : []), ...(delegationCovered ? [delegationHeader] : [])];
  // a header that stands twice was joined by Node, and so is of no usual form
  if (digestCovered && one(headers['content-digest']) !== `sha-256=:${hash('sha256', body, 'base64')}:`) return null;
  const delegation = one(headers[delegationHeader]);
  if (delegationCovered && delegation === '') return null;
  const base = baseOf(line, parameters, [
    ...(digestCovered ? [`"content-digest": ${headers['content-digest']}`] : []),
    ...(delegationCovered ? [`"${delegationHeader}": ${delegation}`] : []),
  ]);
  if (!ascii.test(base)) return null;
  const signature = Buffer.from(encoded, 'base64');
  if (!(await checkSignature(keyid as PublicKey, Buffer.from(base, 'latin1'), signature))) throw forged();
  return {
    publicKey: keyid as PublicKey,
    nonce,
    created: Number(created),
    covers: [...requiredComponents, ...covered],
  };
}

const one = (value: string | string[] | undefined): string => (typeof value === 'string' ? value : '');

function baseOf(line: Line, parameters: string, headerLines: readonly string[]): string {
  const asked = line.target.indexOf('?');
  const [path, query] = asked < 0 ? [line.target, '?'] : [line.target.slice(0, asked), line.target.slice(asked)];
  const own = [
    `"@method": ${line.method}`,
    `"@authority": ${authorityOf(line)}`,
    `"@path": ${path}`,
    `"@query": ${query}`,
  ];
  return [...own, ...headerLines, `"@signature-params": ${parameters}`].join('\n');
}
