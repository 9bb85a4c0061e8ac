import { z } from 'zod';

/** Every refusal that this API knows. The codes are stable: clients match them, never the words. */
export const problems = {
  invalidRequest: [400, 'A parameter, a header or the body is not usable'],
  invalidJson: [400, 'The body is not JSON, or has one key twice in an object'],
  signatureMissing: [401, 'The request has to be signed'],
  signatureMalformed: [401, "The signature's headers can't be read"],
  signatureIncomplete: [401, 'The signature lacks a component or a parameter'],
  signatureUnsupported: [401, 'The signature uses what this server does not support'],
  signatureExpired: [401, 'The signature is too old or not valid yet'],
  signatureInvalid: [401, 'The signature does not fit'],
  digestMismatch: [401, 'The digest does not fit the body'],
  nonceReplayed: [401, 'The nonce was used before'],
  authorityForeign: [401, 'The request was signed for another server'],
  delegationMalformed: [401, "The delegation can't be read"],
  delegationNotCovered: [401, 'The signature does not cover the delegation'],
  delegationForeign: [401, 'The delegation is for another key'],
  delegationExpired: [401, 'The delegation is over'],
  delegationTooLong: [401, 'The delegation would last too long'],
  delegationOutOfScope: [401, 'The delegation does not reach so far'],
  delegationInvalid: [401, "The wallet's signature does not fit the delegation"],
  notAProvider: [403, 'Only a provider may do this'],
  notFound: [404, 'There is nothing at this address'],
  unknownProvider: [404, 'There is no such provider'],
  unknownEscrow: [404, 'There is no such escrow'],
  unknownTransaction: [404, 'No claim was answered in such a transaction'],
  unknownTariff: [404, 'The provider had no rate deck on chain then'],
  noTariff: [404, 'The rate deck has no price for this destination'],
  unknownHeight: [404, 'The index has no such block'],
  unknownProof: [404, 'There is no settled CDR of this id'],
  unknownCdr: [404, 'There is no such CDR for this caller'],
  methodNotAllowed: [405, 'This address does not take that method'],
  cdrConflict: [409, 'Another CDR stands under this callId'],
  deckMissing: [409, 'Nobody has handed in the rate deck that stands on chain'],
  claimDeadlinePassed: [409, 'Nothing more can be claimed from this escrow'],
  unknownPosition: [409, 'The stream has no such place to go on from'],
  tooLarge: [413, 'The body is too large'],
  unsupportedMediaType: [415, 'The body is of a type that is not read here'],
  deckInvalid: [422, 'The rate deck is not usable'],
  voucherInvalid: [422, 'The voucher does not fit its escrow'],
  tooManyRequests: [429, 'The client asks too often'],
  tooManyRejected: [429, 'Too many of your CDRs were rejected today'],
  tooManyWaiting: [429, 'Too many CDRs wait'],
  tooManyDecks: [429, 'Too many rate decks wait for their hash on chain'],
  tooManyStreams: [429, 'Too many streams are open'],
  internal: [500, 'The server failed; its log says why'],
  busy: [503, 'The server reads as many large bodies as it can'],
  indexNotReady: [503, 'The index has no block yet'],
  heightNotReached: [503, 'The index has not reached that block yet'],
  databaseUnavailable: [503, 'The database is away'],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof problems;

const fieldErrorSchema = z.object({
  path: z.string().meta({ description: 'the parameter, header or field, e.g. cdrs.0.user' }),
  message: z.string(),
});

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: 'stable; what a client matches', example: 'invalidRequest' }),
    detail: z.string(),
    errors: z.array(fieldErrorSchema),
  })
  .meta({ id: 'Problem' });

export type Problem = z.infer<typeof problemSchema>;
export type FieldError = z.infer<typeof fieldErrorSchema>;
