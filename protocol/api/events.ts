import { z } from 'zod';
import { cdrSchema } from './cdrs.ts';
import type { StreamOperation } from './operation.ts';
import { addressParameter, idParameter } from './parameter.ts';
import { address, amount, escrowId, height, time, txHash } from './scalar.ts';

/** Where a reader of the chain's events stands: `<height>[.<position>][-<rollback>]`. */
const chainEventId = /^\d{1,10}(\.\d{1,10})?(-\d{1,18})?$/;
/** The same of the states of CDRs: a number. */
const stateId = /^\d{1,18}$/;

const chainEventSchema = z
  .looseObject({
    event: z.string().meta({ description: 'name of the notification', example: 'EscrowSettled' }),
    height,
    position: z.int().nonnegative().meta({ description: "place among the block's notifications of this contract" }),
    time,
    txHash,
  })
  .meta({ id: 'ChainEvent', description: 'a notification of the contract, with its own fields' });

const rollbackSchema = z
  .object({ event: z.literal('rollback'), height })
  .meta({ id: 'Rollback', description: 'the chain lost its last blocks: what came from above this height never was' });

const cdrEventSchema = z
  .object({
    id: z.int().positive().meta({ description: 'of the CDR' }),
    provider: address,
    user: address,
    callId: z.string(),
    escrowId,
    state: cdrSchema.shape.state,
    reason: z.string().nullable().meta({ description: 'in general words; `GET /v1/cdrs/{id}` may say more' }),
    reasonCode: z.string().nullable(),
    price: amount.nullable(),
    paid: amount.nullable(),
    claim: cdrSchema.shape.claim,
    txHash: txHash.nullable(),
    at: time.meta({ description: 'when the state changed' }),
  })
  .meta({ id: 'CdrEvent' });

const sinceError = 'expected the index of a block';
/** For clients that can't set the header; the header goes first. */
const lastEventId = (form: RegExp) =>
  z
    .string()
    .regex(form, 'expected the id of an event of this stream')
    .optional()
    .meta({ description: 'as the header Last-Event-ID, which goes first' });

/** The header of a stream that goes on where another one has ended. */
const resumeHeader = (form: RegExp) => z.object({ 'last-event-id': lastEventId(form) });

export const streamEvents = {
  operationId: 'streamEvents',
  method: 'get',
  path: '/v1/events',
  query: z.strictObject({
    provider: addressParameter.optional(),
    user: addressParameter.optional(),
    escrow: idParameter.optional(),
    since: z
      .string()
      .regex(/^\d{1,9}$/, sinceError)
      .transform(Number)
      .optional()
      .meta({ type: 'integer', minimum: 0, description: 'from this block on; left out: what is new from now on' }),
    lastEventId: lastEventId(chainEventId),
  }),
  headers: resumeHeader(chainEventId),
  item: z.union([rollbackSchema, chainEventSchema]),
} as const satisfies StreamOperation;

export const streamCdrEvents = {
  operationId: 'streamCdrEvents',
  method: 'get',
  path: '/v1/cdrs/events',
  query: z.strictObject({ escrowId: idParameter.optional(), lastEventId: lastEventId(stateId) }),
  headers: resumeHeader(stateId),
  item: cdrEventSchema,
  isSigned: true,
} as const satisfies StreamOperation;

/** What a stream says of itself, besides its items. */
export const streamEventNames = { position: 'position', end: 'end' } as const;

/** Why a stream ends. Whoever wants more asks again, with the last id that they saw. */
export const endCodes = {
  serverStopping: 'the server stops; another one goes on',
  rolledBack: 'events were taken back: the next stream says which',
  delegationExpired: 'the delegation by which the reader may read is over',
  slowReader: 'the events were not read as fast as they came',
  databaseUnavailable: 'the database is away',
  internal: 'an error that nobody expected; it is in the log of the server',
} as const;

export type EndCode = keyof typeof endCodes;
export type ChainEvent = z.output<typeof chainEventSchema>;
export type CdrEvent = z.output<typeof cdrEventSchema>;
