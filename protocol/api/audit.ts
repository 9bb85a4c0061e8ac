import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import type { Operation } from './operation.ts';
import { heightParameter } from './parameter.ts';
import { amount, height, time } from './scalar.ts';

const digest = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .meta({ description: 'SHA-256 of all rows, summed up modulo 2^256' });

const tables = ['events', 'providers', 'registrations', 'balances', 'escrows', 'settlements'] as const;
const tablesSchema = z.object({
  events: digest,
  providers: digest,
  registrations: digest,
  balances: digest,
  escrows: digest,
  settlements: digest,
});

/** All tables in one: what two operators compare at a height. */
export function stateDigest(digests: z.infer<typeof tablesSchema>): string {
  return bytesToHex(sha256(utf8ToBytes(tables.map((table) => `${table}:${digests[table]}`).join('\n'))));
}

const differenceSchema = z.object({
  key: z.string().meta({ description: 'which provider, registration, balance or escrow' }),
  index: z.string().nullable().meta({ description: 'what the index says; null: nothing' }),
  chain: z.string().nullable().meta({ description: "what the contract's storage says; null: nothing" }),
  lastTouchedAt: height.nullable().meta({ description: 'block of the last notification about it' }),
});

export const reconciliationSchema = z.object({
  differences: z.array(differenceSchema),
  conservation: z.object({
    held: amount.meta({ description: 'GAS that the contract holds' }),
    balances: amount.meta({ description: 'free balances' }),
    reserved: amount.meta({ description: 'what is left in open escrows' }),
    holds: z.boolean().meta({ description: 'the contract holds what it owes' }),
  }),
});

export const auditSchema = z
  .object({
    state: z
      .object({ height, digest, tables: tablesSchema })
      .nullable()
      .meta({ description: 'what the index holds, the same for any two at a height; null where none is kept of it' }),
    reconciliation: reconciliationSchema
      .extend({
        height,
        finishedAt: time,
        entries: z.int().nonnegative().meta({ description: "entries of the contract's storage" }),
        proved: z.boolean().meta({ description: 'each came with a proof against the state root of that block' }),
        agrees: z.boolean(),
      })
      .nullable()
      .meta({ description: "the last time that the index was held against the contract's own storage" }),
  })
  .meta({ id: 'Audit' });

export type Audit = z.infer<typeof auditSchema>;

export const auditQuery = z.object({
  height: heightParameter
    .optional()
    .meta({ type: 'integer', description: 'the digests as of this block: the newest one, or a multiple of 1,000' }),
});

export const getAudit = {
  operationId: 'getAudit',
  method: 'get',
  path: '/v1/audit',
  query: auditQuery,
  answer: auditSchema,
  readsChain: true,
} as const satisfies Operation;
