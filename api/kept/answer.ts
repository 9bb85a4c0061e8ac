import type { IncomingMessage, ServerResponse } from 'node:http';
import { clientBehind } from '../http/client.ts';
import { isKnown, tagOf } from '../http/height.ts';
import { countOf } from '../limits/limit-requests.ts';
import type { Limits } from '../limits/limits.ts';
import type { Kept } from './kept.ts';

type AnswerDeps = { kept: Kept; limits: Limits; proxies: number; corsOrigin: readonly string[] };

/** Headers that ask for more than an answer as it is kept. */
const others = ['origin', 'min-height', 'content-length', 'transfer-encoding', 'signature', 'expect'];

/**
 * Answers a request with what is kept, before the framework sees it; false: it has to be looked at. The headers are
 * those that the routes send.
 */
export function createAnswerKept({ kept, limits, proxies, corsOrigin }: AnswerDeps) {
  const isForAll = corsOrigin.includes('*');
  return (incoming: IncomingMessage, outgoing: ServerResponse): boolean => {
    const { method, url = '', headers } = incoming;
    const body = method === 'GET' && isForAll ? kept.find(url) : undefined;
    const point = body && kept.point();
    if (!body || !point) return false;
    for (const name of others) if (headers[name] !== undefined) return false;
    const client = clientBehind(incoming.socket.remoteAddress ?? '', forwardedFor(headers), proxies);
    const limit = countOf(limits.address, client);
    if (limit.isOver) return false;
    const tag = tagOf(point);
    const own = ['X-Content-Type-Options', 'nosniff', ...limit.headers.flat()];
    const state = ['Krypton-Height', String(point.height), 'ETag', `W/${tag}`, 'Cache-Control', 'no-cache'];
    if (isKnown(headers['if-none-match'], tag)) outgoing.writeHead(304, [...own, ...state]).end();
    else
      outgoing
        .writeHead(200, [...own, ...state, 'Content-Type', 'application/json', 'Content-Length', String(body.length)])
        .end(body);
    return true;
  };
}

const forwardedFor = ({ 'x-forwarded-for': value }: IncomingMessage['headers']): string | undefined =>
  Array.isArray(value) ? value.join(', ') : value;
