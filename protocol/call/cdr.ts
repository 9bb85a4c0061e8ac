import { bytesToHex } from '@noble/hashes/utils.js';
import canonicalize from 'canonicalize';
import type { Address } from '../types/address.ts';
import type { Datoshi } from '../types/datoshi.ts';
import { leafOf, type SumNode } from './merkle-sum.ts';

/** A call detail record, as its provider submitted it. */
export type CdrFacts = {
  callId: string;
  escrowId: bigint;
  user: Address;
  direction: string;
  from: string;
  to: string;
  startedAt: Date;
  answeredAt: Date | null;
  endedAt: Date;
  disposition: string;
  sipStatus: number;
  hangupBy: string | null;
};

/** What was claimed for it. */
export type CdrPrice = { billableSeconds: bigint; amount: Datoshi; tariffHash: string | null };

/** What a leaf commits to: the CDR without its voucher, what was claimed for it, and the salt. */
export type LeafContent = ReturnType<typeof leafContent>;

/** The salt keeps phone numbers from being guessed. What nobody said, as who hung up, is left out. */
export function leafContent(cdr: CdrFacts, { billableSeconds, amount, tariffHash }: CdrPrice, salt: Uint8Array) {
  const { callId, user, direction, from, to, disposition, sipStatus, hangupBy } = cdr;
  return {
    callId,
    user: user as string,
    direction,
    from,
    to,
    disposition,
    sipStatus,
    hangupBy: hangupBy ?? undefined,
    escrowId: Number(cdr.escrowId),
    startedAt: cdr.startedAt.toISOString(),
    answeredAt: cdr.answeredAt?.toISOString() ?? null,
    endedAt: cdr.endedAt.toISOString(),
    billableSeconds: Number(billableSeconds),
    amount: amount.toString(),
    tariffHash,
    salt: bytesToHex(salt),
  };
}

/**
 * The leaf by which a claim's `cdrRoot` commits to a call: SHA-256 over 0x00 and the RFC 8785 form of its content. Its
 * sum is the amount.
 */
export function leafOfContent(content: LeafContent): SumNode {
  const json = canonicalize(content);
  if (json === undefined) throw new TypeError('a CDR has no canonical form');
  return leafOf(json, BigInt(content.amount));
}

export const cdrLeaf = (cdr: CdrFacts, price: CdrPrice, salt: Uint8Array): SumNode =>
  leafOfContent(leafContent(cdr, price, salt));
