import type { Context, MiddlewareHandler } from 'hono';
import type { PublicKey } from '../../protocol/types/public-key.ts';
import type { Deps } from '../deps.ts';
import { clientOf } from '../http/client.ts';
import type { Env } from '../http/env.ts';
import { requestHeader, setHeader } from '../http/header.ts';
import { Refusal } from '../http/problem.ts';
import { type App, signed } from '../http/route.ts';
import type { Limiter } from './limiter.ts';

type LimitDeps = Pick<Deps, 'limits' | 'proxies'>;

/** Asked by those who watch over the server, and must be answered when it has much to do. */
const watched = ['/healthz', '/readyz', '/metrics'];

/**
 * Counts what nobody has signed by the address that it comes from. A signed request counts once its signature is
 * checked: for its key, or where the signature does not hold, for the address as well.
 */
export function limitUnsigned(app: App, deps: LimitDeps): MiddlewareHandler<Env> {
  let isSigned: ReturnType<typeof matcherOfSigned> | undefined;
  return (c, next) => {
    isSigned ??= matcherOfSigned(app);
    const { method, path } = c.req;
    const isExempt = watched.includes(path) || (requestHeader(c, 'signature') !== undefined && isSigned(method, path));
    if (!isExempt) countAddress(c, deps);
    return next();
  };
}

/** @throws Refusal tooManyRequests */
export const countAddress = (c: Context<Env>, { limits, proxies }: LimitDeps): void =>
  count(c, limits.address, clientOf(c, proxies));

/** @throws Refusal tooManyRequests */
export const countKey = (c: Context<Env>, { limits }: LimitDeps, key: PublicKey): void => count(c, limits.key, key);

function count(c: Context<Env>, limiter: Limiter, client: string): void {
  const { isOver, resetS, headers } = countOf(limiter, client);
  for (const [name, value] of headers) setHeader(c, name, value);
  if (!isOver) return;
  const { quota, windowS } = limiter.policy;
  throw new Refusal('tooManyRequests', `at most ${quota} requests in ${windowS} s; ask again in ${resetS} s`, {
    headers: { 'Retry-After': String(resetS) },
  });
}

type Counted = { isOver: boolean; resetS: number; headers: [name: string, value: string][] };

/** Counts a request, and says how the client stands in the headers of draft-ietf-httpapi-ratelimit-headers. */
export function countOf({ take, policy: { name, quota, windowS } }: Limiter, client: string): Counted {
  if (quota === Number.MAX_SAFE_INTEGER) return { isOver: false, resetS: 0, headers: [] };
  const { isOver, remaining, resetS } = take(client);
  const headers: Counted['headers'] = [
    ['RateLimit-Policy', `"${name}";q=${quota};w=${windowS}`],
    ['RateLimit', `"${name}";r=${remaining};t=${resetS}`],
  ];
  return { isOver, resetS, headers };
}

/** Whether a route is for signers alone, as its description says. */
function matcherOfSigned(app: App): (method: string, path: string) => boolean {
  const patterns = app.openAPIRegistry.definitions.flatMap((definition) => {
    if (definition.type !== 'route' || definition.route.security !== signed) return [];
    const { method, path } = definition.route;
    return [new RegExp(`^${method} ${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`, 'i')];
  });
  return (method, path) => patterns.some((pattern) => pattern.test(`${method} ${path}`));
}
