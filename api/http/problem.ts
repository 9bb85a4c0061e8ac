import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ZodError } from 'zod';
import { isDatabaseUnavailable } from '../../database/errors.ts';
import type { Logger } from '../../process/run.ts';
import { type FieldError, type Problem, type ProblemCode, problems } from '../../protocol/api/problem.ts';

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

/** What is wrong with which field, for a person who sees the request before them. */
export function fieldErrors({ issues }: ZodError, max = MAX_ERRORS): FieldError[] {
  return issues
    .flatMap((issue) => {
      const path = issue.path.map(String);
      if (issue.code !== 'unrecognized_keys') return [{ path: path.join('.'), message: issue.message }];
      return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'is not known here' }));
    })
    .slice(0, max);
}
