import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import { printable } from '../../protocol/api/printable.ts';
import { addressSchema } from '../../protocol/types/address.ts';
import { datoshiSchema } from '../../protocol/types/datoshi.ts';

/** Longest callId, number or SIP URI: RFC 3261 names no bound, and 255 is what SIP proxies keep. */
const MAX_TEXT = 255;
const MAX_HANGUP_BY = 64;

const timeError =
  'expected a time as RFC 3339 with an offset, e.g. 2026-01-31T12:00:00.000Z, in the years 2000 to 2199';

/** RFC 3339; what is finer than a millisecond is cut off. A leap second is none of ours. */
const time = z
  .string({ error: timeError })
  .regex(/^2[01]\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/, timeError)
  .refine(isRealTime, timeError)
  .transform((text) => new Date(text))
  .meta({ format: 'date-time' });

/** Date takes February 30 for March 2. */
function isRealTime(text: string): boolean {
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  const isDay = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text.slice(0, 10));
  return isDay && !Number.isNaN(new Date(text).getTime());
}

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
    callId: printable(MAX_TEXT).meta({ description: 'with the provider it identifies the call' }),
    escrowId: z.int().positive(),
    user: addressSchema.meta({ type: 'string' }),
    direction: z.enum(['outbound', 'inbound']),
    from: printable(MAX_TEXT).meta({ description: 'E.164 number, SIP URI or NEO address' }),
    to: printable(MAX_TEXT).meta({ description: 'E.164 number, SIP URI or NEO address' }),
    startedAt: time,
    answeredAt: time.nullable(),
    endedAt: time,
    disposition: z.enum(['answered', 'busy', 'no-answer', 'cancelled', 'failed']),
    sipStatus: z.int().min(100).max(699),
    hangupBy: printable(MAX_HANGUP_BY).nullish(),
    voucher: voucher.nullish(),
  })
  .meta({ id: 'SubmittedCdr' });

export type SubmittedCdr = z.infer<typeof submittedCdrSchema>;

/** The one form of a CDR's content: times in UTC with milliseconds, hex in lower case, what is absent left out. */
export function contentOf({ hangupBy, voucher, ...cdr }: SubmittedCdr) {
  return {
    ...cdr,
    startedAt: cdr.startedAt.toISOString(),
    answeredAt: cdr.answeredAt?.toISOString() ?? null,
    endedAt: cdr.endedAt.toISOString(),
    ...(hangupBy != null && { hangupBy }),
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
