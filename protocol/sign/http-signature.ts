import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { type InnerList, serializeDictionary, serializeInnerList } from 'structured-headers';
import { delegationHeader } from './delegation.ts';
import type { Signer } from './signer.ts';

/**
 * HTTP Message Signatures (RFC 9421) of requests by a NEO key, `ecdsa-p256-sha256`. Client and server build the signed
 * bytes with the same functions here.
 */
export const signatureAlgorithm = 'ecdsa-p256-sha256';
/** What each request of ours covers; `content-digest` where there is a body, a delegation where there is one. */
export const requiredComponents = ['@method', '@authority', '@path', '@query'] as const;

/** A request as it stands on the wire: nothing decoded, nothing normalised. */
export type HttpRequest = {
  method: string;
  scheme: string;
  /** The Host header. */
  host: string;
  /** The request target of the first line, e.g. `/v1/cdrs?limit=1`. */
  target: string;
  /** Every header line, in order. */
  headers: readonly (readonly [name: string, value: string])[];
};

type Addressed = Pick<HttpRequest, 'scheme' | 'host' | 'target'>;

/** Why a signature can't count. */
export type SignatureFault =
  | 'signatureMissing'
  | 'signatureMalformed'
  | 'signatureIncomplete'
  | 'signatureUnsupported'
  | 'signatureExpired'
  | 'signatureInvalid'
  | 'digestMismatch';

export class SignatureError extends Error {
  override name = 'SignatureError';
  readonly code: SignatureFault;

  constructor(code: SignatureFault, message: string) {
    super(message);
    this.code = code;
  }
}

/** RFC 9421, section 2.2: what a request says of itself besides its headers. */
const derived: Record<string, (request: HttpRequest) => string> = {
  '@method': ({ method }) => method,
  '@scheme': (request) => split(request).scheme,
  '@authority': (request) => split(request).authority,
  '@target-uri': (request) => {
    const { scheme, authority, path, query } = split(request);
    return `${scheme}://${authority}${path}${query}`;
  },
  '@request-target': ({ target }) => target,
  '@path': (request) => split(request).path,
  '@query': (request) => split(request).query || '?',
};

/**
 * The signature base (RFC 9421, section 2.5) of the covered components and their parameters; `parameters` is how these
 * are written.
 * @throws SignatureError
 */
export function signatureBase(
  covered: InnerList,
  request: HttpRequest,
  parameters = serializeInnerList(covered),
): string {
  const seen = new Set<string>();
  const lines = covered[0].map(([name, own]) => {
    if (typeof name !== 'string' || name !== name.toLowerCase())
      throw new SignatureError('signatureMalformed', 'a covered component is a string in lower case');
    if (own.size > 0)
      throw new SignatureError(
        'signatureUnsupported',
        `"${name}" is covered with the parameter ${[...own.keys()][0]}, which is not supported`,
      );
    if (seen.has(name)) throw new SignatureError('signatureMalformed', `"${name}" is covered twice`);
    seen.add(name);
    return `"${name}": ${componentValue(name, request)}`;
  });
  const base = [...lines, `"@signature-params": ${parameters}`].join('\n');
  if (!/^[\x20-\x7e\t\n]*$/.test(base))
    throw new SignatureError('signatureUnsupported', 'a covered component holds other characters than ASCII');
  return base;
}

function componentValue(name: string, request: HttpRequest): string {
  const derive = Object.hasOwn(derived, name) ? derived[name] : undefined;
  if (derive) return derive(request);
  if (name.startsWith('@')) throw new SignatureError('signatureUnsupported', `"${name}" is not supported`);
  const value = headerValue(request, name);
  if (value === undefined)
    throw new SignatureError('signatureIncomplete', `the covered header "${name}" is not in the request`);
  return value;
}

/** The lines of a header, combined (RFC 9421, section 2.1). */
export function headerValue({ headers }: HttpRequest, name: string): string | undefined {
  const values = headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => trim(value));
  return values.length === 0 ? undefined : values.join(', ');
}

const trim = (value: string) => value.replace(/^[ \t]+|[ \t]+$/g, '');

/**
 * Scheme, authority, path and query, normalised as section 2.2 wants them; a proxy's absolute target overrides the Host
 * header.
 */
function split({ scheme, host, target }: Addressed) {
  const absolute = /^(https?):\/\/([^/?#]*)([^#]*)$/i.exec(target);
  const [, givenScheme = scheme, authority = host, rest = target] = absolute ?? [];
  const asked = rest.indexOf('?');
  const lowerScheme = givenScheme.toLowerCase();
  return {
    scheme: lowerScheme,
    authority: authority.toLowerCase().replace(lowerScheme === 'https' ? /:443$/ : /:80$/, ''),
    path: (asked < 0 ? rest : rest.slice(0, asked)) || (absolute ? '/' : ''),
    query: asked < 0 ? '' : rest.slice(asked),
  };
}

/** Host and port that a request is meant for, lower case, without the scheme's own port. */
export const authorityOf = (request: Addressed): string => split(request).authority;

/** `Content-Digest` (RFC 9530) of a body. */
export function contentDigest(body: Uint8Array): string {
  return serializeDictionary({ 'sha-256': [sha256(body), new Map()] });
}

export type RequestToSign = {
  method: string;
  url: string | URL;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array | undefined;
};

export type SignOptions = {
  /** Seconds since 1970. */
  created?: number;
  expires?: number;
  /** Used once. */
  nonce?: string;
  /** Headers and derived components to cover besides the required ones. */
  components?: readonly string[];
};

/** The headers to send: those given, and the signature's own (lower-case names). @throws SignatureError */
export async function signRequest(
  { method, url, headers = {}, body }: RequestToSign,
  signer: Pick<Signer, 'publicKey' | 'sign'>,
  options: SignOptions = {},
): Promise<Record<string, string>> {
  const { protocol, host, pathname, search } = new URL(url);
  const bytes = typeof body === 'string' ? utf8ToBytes(body) : body;
  const given = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const sent = bytes?.length ? { ...given, 'content-digest': contentDigest(bytes) } : given;
  const request = {
    method: method.toUpperCase(),
    scheme: protocol.slice(0, -1),
    host,
    target: pathname + search,
    headers: Object.entries(sent),
  };
  const headersCovered = ['content-digest', delegationHeader].filter((name) => name in sent);
  const covered = coveredBy(signer.publicKey, headersCovered, options);
  const signature = await signer.sign(utf8ToBytes(signatureBase(covered, request)));
  return {
    ...sent,
    'signature-input': serializeDictionary({ sig: covered }),
    signature: serializeDictionary({ sig: [new Uint8Array(signature), new Map()] }),
  };
}

/** Twice what the server asks for: nobody guesses it, and no two are alike. */
const NONCE_BYTES = 32;

function coveredBy(publicKey: string, headers: readonly string[], options: SignOptions): InnerList {
  const { created = Math.floor(Date.now() / 1000), expires, components = [] } = options;
  const names = new Set([...requiredComponents, ...headers, ...components]);
  const parameters = new Map<string, string | number>([['created', created]]);
  if (expires !== undefined) parameters.set('expires', expires);
  parameters.set('nonce', options.nonce ?? bytesToHex(randomBytes(NONCE_BYTES)));
  parameters.set('keyid', publicKey);
  parameters.set('alg', signatureAlgorithm);
  return [[...names].map((name) => [name, new Map()]), parameters];
}
