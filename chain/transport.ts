import { base64OfBytes } from '../protocol/types/bytes.ts';
import { publicUrl } from '../protocol/types/url.ts';
import { NodeUnavailable } from './errors.ts';

/** Where a node is asked. Secrets of its URL stay in here: whoever speaks of the node uses its name. */
export type Endpoint = {
  /** Scheme, host and port. */
  name: string;
  /** Without user info, which fetch refuses. */
  url: string;
  wsUrl: string;
  /** Basic authentication, where the URL has user info. */
  headers: Record<string, string>;
  /** Takes the URL's secrets out of a text that the node wrote: services like to repeat them. */
  scrub(text: string): string;
};

/** Shorter parts of a path (`v1`, `rpc`) are no secret, and stand in many texts. */
const MIN_SECRET_LENGTH = 6;

export function endpointOf(given: string): Endpoint {
  const url = new URL(given);
  const [user, password] = [decoded(url.username), decoded(url.password)];
  const credentials = [url.password, password, url.username, user].filter((part) => part !== '');
  url.username = '';
  url.password = '';
  const ws = new URL(url);
  ws.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  ws.pathname = `${url.pathname.replace(/\/$/, '')}/ws`;
  const parts = [...url.pathname.split('/'), ...url.searchParams.values()];
  const secrets = [...credentials, ...parts.filter((part) => part.length >= MIN_SECRET_LENGTH)];
  return {
    name: publicUrl(given),
    url: url.href,
    wsUrl: ws.href,
    headers: user || password ? { authorization: basic(user, password) } : {},
    scrub: (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text),
  };
}

function basic(user: string, password: string): string {
  return `Basic ${base64OfBytes(new TextEncoder().encode(`${user}:${password}`))}`;
}

/** A `%` that begins no percent-encoding stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Sends one JSON document and answers the one that comes back. @throws NodeUnavailable */
export async function post(endpoint: Endpoint, body: unknown, timeoutMs: number): Promise<unknown> {
  const silent = `the NEO node at ${endpoint.name} does not answer`;
  const signal = AbortSignal.timeout(timeoutMs);
  const headers = { 'content-type': 'application/json', ...endpoint.headers };
  const text = await fetch(endpoint.url, { method: 'POST', headers, body: JSON.stringify(body), signal })
    .then((response) => (response.ok ? response.text() : Promise.reject(new Error(`HTTP status ${response.status}`))))
    .catch((error) => {
      throw new NodeUnavailable(silent, { cause: rootCause(error) });
    });
  try {
    return JSON.parse(text);
  } catch {
    // Its own message would hold a piece of the page that came instead, and such pages repeat what was asked for.
    throw new NodeUnavailable(silent, { cause: new Error('what it sends is no JSON') });
  }
}

/** fetch hides what happened (ECONNREFUSED, ...) in the cause of its own "fetch failed". */
function rootCause(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? rootCause(error.cause) : error;
}
