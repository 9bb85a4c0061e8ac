import type { OpenAPIHono, z } from '@hono/zod-openapi';
import { type ProblemCode, problemSchema, problems } from '../../protocol/api/problem.ts';
import type { Env } from './env.ts';

export type App = OpenAPIHono<Env>;

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

/** The refusals that a route may answer with, by status, their codes in words; who asks too often, any may refuse. */
export function refusals(...codes: ProblemCode[]) {
  const byStatus = Map.groupBy(new Set<ProblemCode>([...codes, 'tooManyRequests']), (code) => problems[code][0]);
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
  'delegationOutOfScope',
  'databaseUnavailable',
] as const;
/** What a signed request may meet that a delegated key may make too. */
export const readerRefusals = [
  ...signatureRefusals,
  'delegationNotCovered',
  'delegationMalformed',
  'delegationForeign',
  'delegationExpired',
  'delegationTooLong',
  'delegationInvalid',
] as const;

/** Names the way of signing in the OpenAPI document. */
export const signed = [{ httpMessageSignature: [] }];
