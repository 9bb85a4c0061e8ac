import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import { callIdSchema, hangupBySchema, partySchema, timeSchema } from '../../protocol/call/form.ts';
import { addressSchema } from '../../protocol/types/address.ts';
import { datoshiSchema } from '../../protocol/types/datoshi.ts';

const voucher = z.strictObject({
  total: datoshiSchema.meta({ type: 'string', example: '150000' }),
  signature: z
    .string()
    .regex(/^[0-9a-fA-F]{128}$/, 'expected 128 hex digits')
    .transform((hex) => hex.toLowerCase()),
});

/** A CDR as a provider sends it. A field that is not known is refused: it may be a mistyped voucher. */
export const submittedCdrSchema = z
  .strictObject({
    callId: callIdSchema,
    escrowId: z.int().positive(),
    user: addressSchema.meta({ type: 'string' }),
    direction: z.enum(['outbound', 'inbound']),
    from: partySchema,
    to: partySchema,
    startedAt: timeSchema,
    answeredAt: timeSchema.nullable(),
    endedAt: timeSchema,
    disposition: z.enum(['answered', 'busy', 'no-answer', 'cancelled', 'failed']),
    sipStatus: z.int().min(100).max(699),
    hangupBy: hangupBySchema.nullish(),
    voucher: voucher.nullish(),
    corrects: z
      .int()
      .positive()
      .nullish()
      .meta({ description: 'id of the CDR of this callId, never to be paid, that this one replaces' }),
  })
  .meta({ id: 'SubmittedCdr' });

export type SubmittedCdr = z.infer<typeof submittedCdrSchema>;

/** So many CDRs in one request: one statement and one commit for all of them stay within some tens of milliseconds. */
const MAX_CDRS = 1000;

/** The body as a whole; each CDR is judged on its own, so that one bad one does not keep the others out. */
export const submittedCdrsSchema = z
  .strictObject({
    cdrs: z
      .array(z.unknown())
      .min(1)
      .max(MAX_CDRS)
      .meta({
        type: 'array',
        items: { $ref: '#/components/schemas/SubmittedCdr' },
        minItems: 1,
        maxItems: MAX_CDRS,
      }),
  })
  .meta({ id: 'SubmittedCdrs' });

/** The one form of a CDR's content: times in UTC with milliseconds, hex in lower case, what is absent left out. */
export function contentOf({ hangupBy, voucher, corrects, ...cdr }: SubmittedCdr) {
  return {
    ...cdr,
    startedAt: cdr.startedAt.toISOString(),
    answeredAt: cdr.answeredAt?.toISOString() ?? null,
    endedAt: cdr.endedAt.toISOString(),
    ...(hangupBy != null && { hangupBy }),
    ...(corrects != null && { corrects }),
    ...(voucher != null && { voucher: { total: voucher.total.toString(), signature: voucher.signature } }),
  };
}

export type CdrContent = ReturnType<typeof contentOf>;
/** A CDR of the right form, with the hash that stands for its content. */
export type Candidate = { cdr: SubmittedCdr; content: CdrContent; hash: Buffer };

/** SHA-256 over canonical JSON (RFC 8785): tells the same CDR sent again from another one under its callId. */
export function contentHash(content: CdrContent): Buffer {
  return createHash('sha256')
    .update(canonicalize(content) as string)
    .digest();
}
