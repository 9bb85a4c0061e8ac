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

/**
 * The leaf by which a claim's `cdrRoot` commits to a call: SHA-256 over 0x00 and the RFC 8785 form of the CDR without
 * its voucher, with what was billed, and the salt that keeps phone numbers from being guessed.
 */
export function cdrLeaf(cdr: CdrFacts, price: CdrPrice, salt: Uint8Array): SumNode {
  return leafOf(canonicalCdr(cdr, price, salt), price.amount);
}

function canonicalCdr(cdr: CdrFacts, { billableSeconds, amount, tariffHash }: CdrPrice, salt: Uint8Array): string {
  const { callId, user, direction, from, to, disposition, sipStatus, hangupBy } = cdr;
  const json = canonicalize({
    callId,
    user,
    direction,
    from,
    to,
    disposition,
    sipStatus,
    ...(hangupBy === null ? {} : { hangupBy }),
    escrowId: Number(cdr.escrowId),
    startedAt: cdr.startedAt.toISOString(),
    answeredAt: cdr.answeredAt?.toISOString() ?? null,
    endedAt: cdr.endedAt.toISOString(),
    billableSeconds: Number(billableSeconds),
    amount: amount.toString(),
    tariffHash,
    salt: bytesToHex(salt),
  });
  if (json === undefined) throw new TypeError('a CDR has no canonical form');
  return json;
}
