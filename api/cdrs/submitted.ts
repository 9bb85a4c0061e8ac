import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { SubmittedCdr } from '../../protocol/api/cdrs.ts';

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
