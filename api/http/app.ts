import { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { addAudit } from '../audit/routes.ts';
import { addCalls } from '../calls/routes.ts';
import { addCdrEvents } from '../cdrs/events.ts';
import { addCdrs } from '../cdrs/routes.ts';
import type { Deps } from '../deps.ts';
import { addDocuments } from '../docs/routes.ts';
import { addEscrows } from '../escrows/routes.ts';
import { addEvents } from '../events/routes.ts';
import { limitUnsigned } from '../limits/limit-requests.ts';
import { addProofs } from '../proofs/routes.ts';
import { addProviders } from '../providers/routes.ts';
import { addTariffs } from '../providers/tariff-routes.ts';
import { addSettlements } from '../settlements/routes.ts';
import { addHealth } from '../status/health-routes.ts';
import { addStatus } from '../status/routes.ts';
import { addQuery } from '../users/query-routes.ts';
import { addUsers } from '../users/routes.ts';
import { limitBody } from './body.ts';
import type { Env } from './env.ts';
import { requestHeader, setHeader } from './header.ts';
import { invalid, problem, Refusal, refusalOf } from './problem.ts';
import type { App } from './route.ts';

/** A day: what browsers may ask does not change while we run. (Chromium keeps it for two hours at most.) */
const PREFLIGHT_AGE_S = 86_400;

/** The whole surface; in memory, without a socket. */
export function createApp(deps: Deps): App {
  const app: App = new OpenAPIHono({
    defaultHook: (result) => {
      if (!result.success) throw invalid(result.error);
    },
  });
  app.onError((error, c) => problem(c, refusalOf(error, deps.log)));
  app.notFound((c) => problem(c, new Refusal('notFound', `there is nothing at ${c.req.path}`)));
  app.use(allowBrowsers(deps.corsOrigin));
  app.use((c, next) => {
    setHeader(c, 'X-Content-Type-Options', 'nosniff');
    return next();
  });
  app.use(refuseOtherMethods(app));
  app.use(limitUnsigned(app, deps));
  app.use(limitBody());
  for (const add of [
    addQuery,
    addStatus,
    addAudit,
    addProviders,
    addTariffs,
    addUsers,
    addEscrows,
    addCalls,
    addCdrEvents, // before `/v1/cdrs/{id}`, which it looks like
    addCdrs,
    addEvents,
    addSettlements,
    addProofs,
    addHealth,
  ])
    add(app, deps);
  addDocuments(app);
  return app;
}

/** Nothing here depends on cookies: whoever may not read an answer can't sign for it. */
function allowBrowsers(origins: string[]): MiddlewareHandler<Env> {
  const isForAll = origins.includes('*');
  const allow = cors({
    origin: isForAll ? '*' : origins,
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    allowHeaders: [
      'Content-Type',
      'Content-Digest',
      'Signature',
      'Signature-Input',
      'Krypton-Delegation',
      'Min-Height',
      'If-None-Match',
      'Last-Event-ID',
    ],
    exposeHeaders: ['Krypton-Height', 'ETag', 'Retry-After', 'RateLimit', 'RateLimit-Policy', 'Accept-Signature'],
    maxAge: PREFLIGHT_AGE_S,
  });
  // A page of another site sends its Origin. Whoever sends none needs no answer to that, and gets theirs sooner.
  return (c, next) => (isForAll && requestHeader(c, 'origin') === undefined ? next() : allow(c, next));
}

const refuseOtherMethods = (app: App) =>
  methodNotAllowed({
    app,
    onMethodNotAllowed: (c, methods) => {
      const allow = methods.join(', ');
      return problem(c, new Refusal('methodNotAllowed', `expected ${allow}`, { headers: { Allow: allow } }));
    },
  });
