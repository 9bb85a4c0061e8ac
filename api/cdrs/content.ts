import { hash } from 'node:crypto';
import type { SubmittedCdr } from '../../protocol/api/cdrs.ts';

/**
 * The one form of a CDR's content: times in UTC with milliseconds, hex in lower case, what is absent left out; its keys
 * in the order of RFC 8785.
 */
export type CdrContent = {
  answeredAt: string | null;
  callId: string;
  corrects?: number;
  direction: string;
  disposition: string;
  endedAt: string;
  escrowId: number;
  from: string;
  hangupBy?: string;
  sipStatus: number;
  startedAt: string;
  to: string;
  user: string;
  voucher?: { signature: string; total: string };
};

export function contentOf({ hangupBy, voucher, corrects, ...cdr }: SubmittedCdr): CdrContent {
  return {
    answeredAt: cdr.answeredAt?.toISOString() ?? null,
    callId: cdr.callId,
    ...(corrects != null && { corrects }),
    direction: cdr.direction,
    disposition: cdr.disposition,
    endedAt: cdr.endedAt.toISOString(),
    escrowId: cdr.escrowId,
    from: cdr.from,
    ...(hangupBy != null && { hangupBy }),
    sipStatus: cdr.sipStatus,
    startedAt: cdr.startedAt.toISOString(),
    to: cdr.to,
    user: cdr.user,
    ...(voucher != null && { voucher: { signature: voucher.signature, total: voucher.total.toString() } }),
  };
}

/**
 * SHA-256 over canonical JSON (RFC 8785): tells the same CDR sent again from another one under its callId. Of an object
 * whose keys are in order already, and whose text is well-formed, that is what JSON.stringify writes.
 */
export const contentHash = (content: CdrContent): string => hash('sha256', JSON.stringify(content));
