import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ZodError } from 'zod';
import { isDatabaseUnavailable } from '../../database/errors.ts';
import type { Logger } from '../../process/run.ts';
import type { FieldError, Problem } from '../../protocol/api/problem.ts';

/** Every refusal that this API knows. The codes are stable: clients match them, never the words. */
export const problems = {
  invalidRequest: [400, 'A parameter, a header or the body is not usable'],
  invalidJson: [400, 'The body is not JSON'],
  signatureMissing: [401, 'The request has to be signed'],
  signatureMalformed: [401, "The signature's headers can't be read"],
  signatureIncomplete: [401, 'The signature lacks a component or a parameter'],
  signatureUnsupported: [401, 'The signature uses what this server does not support'],
  signatureExpired: [401, 'The signature is too old or not valid yet'],
  signatureInvalid: [401, 'The signature does not fit'],
  digestMismatch: [401, 'The digest does not fit the body'],
  nonceReplayed: [401, 'The nonce was used before'],
  authorityForeign: [401, 'The request was signed for another server'],
  notAProvider: [403, 'Only a provider may do this'],
  notFound: [404, 'There is nothing at this address'],
  unknownProvider: [404, 'There is no such provider'],
  unknownEscrow: [404, 'There is no such escrow'],
  unknownSettlement: [404, 'There is no such settlement'],
  unknownCdr: [404, 'There is no such CDR for this caller'],
  methodNotAllowed: [405, 'This address does not take that method'],
  cdrConflict: [409, 'Another CDR stands under this callId'],
  claimDeadlinePassed: [409, 'Nothing more can be claimed from this escrow'],
  tooLarge: [413, 'The body is too large'],
  unsupportedMediaType: [415, 'The body is of a type that is not read here'],
  voucherInvalid: [422, 'The voucher does not fit its escrow'],
  tooManyRejected: [429, 'Too many of your CDRs were rejected today'],
  tooManyWaiting: [429, 'Too many CDRs of an escrow wait for payment'],
  internal: [500, 'The server failed; its log says why'],
  indexNotReady: [503, 'The index has no block yet'],
  heightNotReached: [503, 'The index has not reached that block yet'],
  databaseUnavailable: [503, 'The database is away'],
} as const satisfies Record<string, readonly [ContentfulStatusCode, string]>;

export type ProblemCode = keyof typeof problems;

type Extra = { errors?: FieldError[]; headers?: Record<string, string>; members?: Record<string, unknown> };

/** Ends a request with a problem. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly code: ProblemCode;
  readonly extra: Extra;

  constructor(code: ProblemCode, detail: string, extra: Extra = {}) {
    super(detail);
    this.code = code;
    this.extra = extra;
  }
}

/** An answer as `application/problem+json` (RFC 9457). */
export function problem(c: Context, { code, message, extra }: Refusal): Response {
  const [status, title] = problems[code];
  const { errors = [], headers = {}, members = {} } = extra;
  const body: Problem = { type: `/docs#${code}`, title, status, code, detail: message, errors };
  c.header('ETag', undefined);
  c.header('Cache-Control', 'no-store');
  return c.body(JSON.stringify({ ...body, ...members }), status, {
    ...headers,
    'Content-Type': 'application/problem+json',
    ...(status === 503 && { 'Retry-After': '1' }),
  });
}

/** Whatever was thrown, as a problem; what nobody expected is logged, and told to nobody else. */
export function refusalOf(error: unknown, log: Logger): Refusal {
  if (error instanceof Refusal) return error;
  if (isDatabaseUnavailable(error)) {
    log.warn({ error: (error as Error).message }, 'the database is away');
    return new Refusal(
      'databaseUnavailable',
      'the database is away, or takes no requests for now; send this one again: what it has taken in is not taken in twice',
    );
  }
  if (error instanceof HTTPException) {
    if (error.status === 413) return new Refusal('tooLarge', error.message);
    if (error.status === 415) return new Refusal('unsupportedMediaType', error.message);
    if (error.status < 500) return new Refusal('invalidRequest', error.message || 'the request is not usable');
  }
  log.error(error, 'a request failed');
  return new Refusal('internal', 'an error that nobody expected; it is in the log of the server');
}

export function invalid(error: ZodError): Refusal {
  const errors = fieldErrors(error);
  return new Refusal('invalidRequest', errors.map(inWords).join('; '), { errors });
}

export const inWords = ({ path, message }: FieldError): string => (path ? `${path}: ${message}` : message);

/** No answer needs more to show what is wrong with a request. */
const MAX_ERRORS = 20;

/** What is wrong with which field, for a person who sees the request before him. */
export function fieldErrors({ issues }: ZodError): FieldError[] {
  return issues
    .flatMap((issue) => {
      const path = issue.path.map(String);
      if (issue.code !== 'unrecognized_keys') return [{ path: path.join('.'), message: issue.message }];
      return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'is not known here' }));
    })
    .slice(0, MAX_ERRORS);
}
