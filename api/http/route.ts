import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { problemSchema } from '../../protocol/api/problem.ts';
import { addressSchema } from '../../protocol/types/address.ts';
import type { Env } from './env.ts';
import { type ProblemCode, problems } from './problem.ts';

export type App = OpenAPIHono<Env>;

/** Request parameters that several routes read. */
export const addressParameter = addressSchema.meta({ type: 'string', description: 'NEO N3 address (N…)' });

const idError = 'expected a whole number from 1 on';
export const idParameter = z
  .string()
  .regex(/^[1-9]\d{0,15}$/, idError)
  .transform(Number)
  .refine(Number.isSafeInteger, idError)
  .meta({ type: 'integer', minimum: 1 });

const timeError = 'expected a time as RFC 3339 with an offset, e.g. 2026-01-31T12:00:00Z';
export const timeParameter = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+ -]\d\d:\d\d)$/, timeError)
  .transform((text) => new Date(text.replace(' ', '+'))) // an unescaped + in a query arrives as a space
  .refine((time) => !Number.isNaN(time.getTime()), timeError)
  .meta({ type: 'string', format: 'date-time' });

export const json = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});

const heightHeader = {
  'Krypton-Height': { schema: { type: 'integer' as const }, description: 'the last block in it' },
};

/** An answer built from the chain's state. */
export const chainStateOf = <T extends z.ZodType>(schema: T, description: string) => ({
  200: {
    ...json(schema, description),
    headers: { ...heightHeader, ETag: { schema: { type: 'string' as const }, description: 'changes with the block' } },
  },
  304: { description: 'nothing has changed since the ETag given', headers: heightHeader },
});

/** The refusals that a route may answer with, by status, their codes in words. */
export function refusals(...codes: ProblemCode[]) {
  const byStatus = Map.groupBy(codes, (code) => problems[code][0]);
  return Object.fromEntries(
    [...byStatus].map(([status, of]) => [
      status,
      {
        description: of.map((code) => `\`${code}\`: ${problems[code][1]}`).join('; '),
        content: { 'application/problem+json': { schema: problemSchema } },
      },
    ]),
  );
}

/** What any reader of chain state may meet. */
export const stateRefusals = ['invalidRequest', 'indexNotReady', 'heightNotReached', 'databaseUnavailable'] as const;
/** What any request with a body may meet. */
export const bodyRefusals = ['invalidJson', 'tooLarge', 'unsupportedMediaType'] as const;
/** What any signed request may meet. */
export const signatureRefusals = [
  'authorityForeign',
  'signatureMissing',
  'signatureMalformed',
  'signatureIncomplete',
  'signatureUnsupported',
  'signatureExpired',
  'signatureInvalid',
  'digestMismatch',
  'nonceReplayed',
  'databaseUnavailable',
] as const;

/** Names the way of signing in the OpenAPI document. */
export const signed = [{ httpMessageSignature: [] }];
