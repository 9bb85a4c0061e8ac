import type { Context } from 'hono';
import type { ProblemCode } from '../../protocol/api/problem.ts';
import { type Delegation, delegationFault, delegationHeader, readDelegation } from '../../protocol/sign/delegation.ts';
import {
  authorityOf,
  requiredComponents,
  SignatureError,
  signatureAlgorithm,
} from '../../protocol/sign/http-signature.ts';
import { type Address, addressOfPublicKey } from '../../protocol/types/address.ts';
import type { Deps } from '../deps.ts';
import type { Env } from '../http/env.ts';
import { requestHeader } from '../http/header.ts';
import { Refusal } from '../http/problem.ts';
import { countAddress, countKey } from '../limits/limit-requests.ts';
import { useNonce, useReadersNonce } from './nonces.ts';
import { isSignatureValid } from './p256.ts';
import { type Line, verifyUsual } from './usual.ts';
import { type Verified, verifyRequest } from './verify.ts';

const accepted = [...requiredComponents, 'content-digest'].map((name) => `"${name}"`).join(' ');

/** Tells a client how to sign (RFC 9421, section 5). */
const challenge = {
  'WWW-Authenticate': 'Signature realm="krypton"',
  'Accept-Signature': `sig=(${accepted});created;alg="${signatureAlgorithm}"`,
};

/**
 * The address whose own key signed the request and its body; uses up the nonce, and that only if all else holds.
 * @throws Refusal
 */
export async function authenticate(c: Context<Env>, deps: Deps): Promise<Address> {
  const verified = await verifySigned(c, deps);
  if (!(await useNonce(deps.db, verified))) throw nonceReplayed();
  return addressOfPublicKey(verified.publicKey);
}

/**
 * The same for what only reads: it may also be signed by a key to which a wallet has delegated that, and the address is
 * the wallet's then. @throws Refusal
 */
export async function authenticateReader(c: Context<Env>, deps: Deps): Promise<Reader> {
  const { reader, verified } = await verifyReader(c, deps);
  await spendReadersNonce(deps, verified);
  return reader;
}

/**
 * Reads for whoever has signed. The nonce is used up at the same time, as they need not wait for one after the other:
 * nothing is told before it is known to be fresh. @throws Refusal
 */
export async function readAsSigner<T>(c: Context<Env>, deps: Deps, read: (reader: Reader) => Promise<T>): Promise<T> {
  const { reader, verified } = await verifyReader(c, deps);
  const reading = read(reader);
  reading.catch(() => {}); // a nonce that was used before is told first
  await spendReadersNonce(deps, verified);
  return reading;
}

async function verifyReader(c: Context<Env>, deps: Deps): Promise<{ reader: Reader; verified: Verified }> {
  const verified = await verifyAny(c, deps);
  const header = requestHeader(c, delegationHeader);
  const delegation = header === undefined ? null : delegationOf(header, verified, deps);
  const address = addressOfPublicKey(delegation?.wallet ?? verified.publicKey);
  return { reader: { address, untilMs: delegation?.notAfter ?? null }, verified };
}

async function spendReadersNonce({ quick }: Deps, verified: Verified): Promise<void> {
  if (!(await useReadersNonce(quick, verified))) throw nonceReplayed();
}

export type Reader = {
  address: Address;
  /** Unix time at which the delegation ends that lets them read; null: they signed with their own key. */
  untilMs: number | null;
};

/** All but the nonce, which whoever calls this uses up; by the caller's own key. @throws Refusal */
export async function verifySigned(c: Context<Env>, deps: Deps): Promise<Verified> {
  const verified = await verifyAny(c, deps);
  if (requestHeader(c, delegationHeader) === undefined) return verified;
  throw unauthorised('delegationOutOfScope', 'a delegated key may only read: this is for the own key of the account');
}

async function verifyAny(c: Context<Env>, deps: Deps): Promise<Verified> {
  const line = lineOf(c);
  const verified = await verify(c, line, deps);
  countKey(c, deps, verified.publicKey);
  checkAuthority(authorityOf(line), deps.authorities ?? ownAuthorities(c));
  return verified;
}

/** By which a wallet lets the signer of this request read in its name. @throws Refusal */
function delegationOf(header: string, { publicKey, covers }: Verified, { network, contract, now }: Deps): Delegation {
  if (!covers.includes(delegationHeader))
    throw unauthorised('delegationNotCovered', `the signature does not cover "${delegationHeader}"`);
  const delegation = readDelegation(header);
  if (!delegation)
    throw unauthorised(
      'delegationMalformed',
      'expected wallet key;delegated key;notAfter in ms;scope 1, 2 or 3;raw, nep21 or legacy;signature[;salt of legacy]',
    );
  const use = { network, contract, key: publicKey, needs: 'read' as const, nowMs: now() };
  const fault = delegationFault(delegation, use, isSignatureValid);
  if (fault) throw unauthorised(fault.code, fault.detail);
  return delegation;
}

export const nonceReplayed = () => unauthorised('nonceReplayed', 'this nonce was used before with this key');

/** A request that was signed for another server must not count at ours: the sender chose the Host header. */
function checkAuthority(authority: string, own: readonly string[]): void {
  if (own.includes(authority)) return;
  throw unauthorised('authorityForeign', `the request is signed for ${authority}; this server is ${own.join(', ')}`);
}

function ownAuthorities(c: Context<Env>): string[] {
  const { localAddress = 'localhost', localPort = 80 } = c.env?.incoming?.socket ?? {};
  const address = localAddress.replace(/^::ffff:/, '');
  const hosts = ['localhost', '127.0.0.1', '[::1]', address.includes(':') ? `[${address}]` : address];
  return [...new Set(hosts)].map((host) => (localPort === 80 ? host : `${host}:${localPort}`));
}

async function verify(c: Context<Env>, line: Line, deps: Deps): Promise<Verified> {
  const { rawHeaders, headers } = incomingOf(c);
  const [body, nowMs] = [c.get('body'), deps.now()];
  try {
    return (
      (await verifyUsual(line, headers, body, nowMs)) ??
      (await verifyRequest({ ...line, headers: pairs(rawHeaders) }, body, nowMs))
    );
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error;
    if (headers.signature !== undefined) countAddress(c, deps);
    throw unauthorised(error.code, error.message);
  }
}

const unauthorised = (code: ProblemCode, detail: string) => new Refusal(code, detail, { headers: challenge });

/** The request as it came over the wire: Hono's own view of it is normalised already. */
function lineOf(c: Context<Env>): Line {
  const { method, url, headers } = incomingOf(c);
  return {
    method: method ?? '',
    // Behind a proxy that ends TLS, only the proxy knows; a caller who lies here makes their own signature fail.
    scheme: requestHeader(c, 'x-forwarded-proto')?.split(',')[0]?.trim() || 'http',
    host: headers.host ?? '',
    target: url ?? '',
  };
}

function incomingOf(c: Context<Env>) {
  const { incoming } = c.env ?? {};
  if (!incoming) throw new TypeError('a signature can only be checked of what came over the wire');
  return incoming;
}

function pairs(raw: readonly string[]): [string, string][] {
  const found: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) found.push([raw[i] as string, raw[i + 1] as string]);
  return found;
}
