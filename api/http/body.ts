import type { IncomingMessage } from 'node:http';
import type { Context, MiddlewareHandler } from 'hono';
import { JsonFault, parseJson } from '../../protocol/api/json.ts';
import { MAX_DECK_BYTES } from '../../protocol/api/tariffs.ts';
import type { Env } from './env.ts';
import { requestHeader } from './header.ts';
import { Refusal } from './problem.ts';

/** 1000 CDRs of 2 KiB: one with all fields at their longest is 1.3 KB of ASCII, a usual one 0.5 KB. */
export const MAX_BODY_BYTES = 2 * 1024 * 1024;
/** A rate deck is larger, and so few may be on their way that they fit into memory. */
const isDeck = ({ method, path }: { method: string; path: string }) =>
  method === 'PUT' && /^\/v1\/providers\/[^/]+\/tariff$/.test(path);
const MAX_DECKS_AT_A_TIME = 4;
/**
 * Of a body that is too large so much is read and dropped: its sender gets to see the answer, and the connection stays
 * usable.
 */
const MAX_DROPPED_BYTES = 8 * MAX_BODY_BYTES;

/** Reads every body to its end before anything else: a connection with an unread body can't serve the next request. */
export const limitBody = (): MiddlewareHandler<Env> => {
  let decks = 0;
  return async (c, next) => {
    if (!isDeck(c.req)) {
      c.set('body', await readBounded(c, MAX_BODY_BYTES));
      return next();
    }
    if (decks >= MAX_DECKS_AT_A_TIME)
      throw new Refusal('busy', 'other rate decks are being read; send this one again in a moment', {
        headers: { Connection: 'close' },
      });
    decks += 1;
    try {
      c.set('body', await readBounded(c, MAX_DECK_BYTES));
      await next();
    } finally {
      decks -= 1;
    }
  };
};

const noBody = new Uint8Array();

function readBounded(c: Context<Env>, max: number): Promise<Uint8Array> {
  const { incoming } = c.env ?? {};
  if (!incoming) return readWebBody(c, max);
  // RFC 9112, section 6.3: neither of them means that there is none
  const { 'content-length': length, 'transfer-encoding': encoding } = incoming.headers;
  return length === undefined && encoding === undefined ? noBodyAtAll : readNodeBody(incoming, max);
}

const noBodyAtAll = Promise.resolve(noBody);

/** Chunks up to a bound; what comes beyond it is dropped. @throws Refusal where that is too much as well */
function createCollector(max: number) {
  const chunks: Uint8Array[] = [];
  let size = 0;
  return {
    take: (chunk: Uint8Array): void => {
      size += chunk.length;
      if (size <= max) chunks.push(chunk);
      else chunks.length = 0;
      if (size > max + MAX_DROPPED_BYTES) throw tooLarge(max, { Connection: 'close' });
    },
    whole: (): Uint8Array => {
      if (size > max) throw tooLarge(max, {});
      const [only] = chunks;
      return only && chunks.length === 1 ? only : Buffer.concat(chunks);
    },
  };
}

/** Node's own stream, by its events: Hono would make a web stream of it, and an iterator costs as much again. */
function readNodeBody(incoming: IncomingMessage, max: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const { take, whole } = createCollector(max);
    const end = (result: () => void) => {
      incoming.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
      result();
    };
    const onData = (chunk: Uint8Array) => {
      try {
        take(chunk);
      } catch (refusal) {
        // whoever sends too much is answered before the connection is closed
        incoming.pause();
        end(() => reject(refusal));
      }
    };
    const onEnd = () =>
      end(() => {
        try {
          resolve(whole());
        } catch (refusal) {
          reject(refusal);
        }
      });
    const onBroken = () => end(() => reject(brokenBody()));
    incoming.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
    if (incoming.destroyed) onBroken(); // before it was listened to
  });
}

/** In memory, without a socket. */
async function readWebBody(c: Context<Env>, max: number): Promise<Uint8Array> {
  const { take, whole } = createCollector(max);
  try {
    for await (const chunk of c.req.raw.body ?? []) take(chunk);
  } catch (error) {
    throw error instanceof Refusal ? error : brokenBody();
  }
  return whole();
}

const brokenBody = () => new Refusal('invalidRequest', 'the connection broke within the body');

const tooLarge = (max: number, headers: Record<string, string>) =>
  new Refusal('tooLarge', `this body holds at most ${max} bytes`, { headers });

/** The bytes of a JSON body, as they were signed. @throws Refusal where they claim to be something else */
export function jsonBody(c: Context<Env>): Uint8Array {
  const type = requestHeader(c, 'content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw new Refusal('unsupportedMediaType', 'expected Content-Type: application/json');
  const encoding = requestHeader(c, 'content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity') throw new Refusal('unsupportedMediaType', 'a compressed body is not read here');
  return c.get('body');
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws Refusal, with the place of a key that stands twice */
export function readJson(bytes: Uint8Array): unknown {
  try {
    return parseJson(utf8.decode(bytes));
  } catch (error) {
    const { message } = error as Error;
    if (!(error instanceof JsonFault) || error.path === null)
      throw new Refusal('invalidJson', `the body is not JSON in UTF-8: ${message}`);
    throw new Refusal('invalidJson', message, { errors: [{ path: error.path, message: 'stands twice' }] });
  }
}
