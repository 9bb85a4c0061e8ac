import { readExecuted } from '../../../chain/outcome.ts';
import { getCdr, listCdrs, type ProvenCdr } from '../../../protocol/api/cdrs.ts';
import type { Client } from '../../../protocol/api/client.ts';
import { priceOf } from '../../../protocol/call/price.ts';
import { checkClaim, checkProof, type Proof, type ProofFault } from '../../../protocol/call/proof.ts';
import type { Address } from '../../../protocol/types/address.ts';
import { type Datoshi, datoshi } from '../../../protocol/types/datoshi.ts';
import type { TxHash } from '../../../protocol/types/hash.ts';
import type { Chain } from './chain.ts';

/** What a call cost, as its provider told it, and what of that was proven here. */
export type Receipt =
  | { kind: 'notYet' }
  /** The service gave the record of another call or user. */
  | { kind: 'foreign' }
  | { kind: 'record'; cdr: ProvenCdr; expected: Expected | null; proof: ProofVerdict | null };

/** The price by the terms that the record names; null while it has none. */
export type Expected = { seconds: bigint; price: Datoshi; isRight: boolean };

export type ProofVerdict =
  | { kind: 'proven'; call: bigint; of: bigint }
  | { kind: 'unproven'; faults: (ProofFault | { code: 'foreign' | 'unknownTransaction' })[] };

type Deps = { chain: Chain; client: Client; address: Address };

export async function readReceipt(deps: Deps, callId: string): Promise<Receipt> {
  const listed = await deps.client.call(listCdrs, { query: { callId, limit: 1 } });
  const [found] = listed.items;
  if (!found) return { kind: 'notYet' };
  const cdr = await deps.client.call(getCdr, { params: { id: found.id } });
  if (cdr.user !== deps.address || cdr.callId !== callId) return { kind: 'foreign' };
  return {
    kind: 'record',
    cdr,
    expected: expectedOf(cdr),
    proof: cdr.proof && (await verdictOf(deps, cdr, cdr.proof)),
  };
}

/** Times and terms give the price again. */
function expectedOf({ answeredAt, endedAt, terms, price, billableSeconds }: ProvenCdr): Expected | null {
  if (!terms || price === null) return null;
  const answeredMs = answeredAt === null ? null : Date.parse(endedAt) - Date.parse(answeredAt);
  const expected = priceOf(answeredMs, {
    ratePerSecond: datoshi(BigInt(terms.ratePerSecond)),
    feePerCall: datoshi(BigInt(terms.feePerCall)),
    initialIncrement: terms.increments.initial,
    increment: terms.increments.further,
  });
  const isRight = expected.price === BigInt(price) && expected.seconds === BigInt(billableSeconds ?? -1);
  return { ...expected, isRight };
}

/** The proof is checked within itself, against the record, and against the transaction on the chain. */
async function verdictOf({ chain }: Pick<Deps, 'chain'>, cdr: ProvenCdr, proof: Proof): Promise<ProofVerdict> {
  if (!isOf(chain, cdr, proof)) return { kind: 'unproven', faults: [{ code: 'foreign' }] };
  const inside = checkProof(proof);
  if (inside.length > 0) return { kind: 'unproven', faults: inside };
  const executed = await readExecuted(chain.rpc, proof.txHash as TxHash);
  if (executed?.execution.state !== 'HALT') return { kind: 'unproven', faults: [{ code: 'unknownTransaction' }] };
  const place = checkClaim(proof, executed.execution.notifications);
  if (Array.isArray(place)) return { kind: 'unproven', faults: place };
  return { kind: 'proven', call: place.call, of: place.of };
}

/** It is about this very call, and says of it what the record says. */
function isOf({ network, contract }: Chain, cdr: ProvenCdr, proof: Proof): boolean {
  const leaf = proof.cdr;
  if (!leaf || proof.network !== network || proof.contract !== contract) return false;
  const same: (keyof typeof leaf & keyof ProvenCdr)[] = [
    'callId',
    'user',
    'direction',
    'from',
    'to',
    'disposition',
    'sipStatus',
    'escrowId',
    'billableSeconds',
  ];
  const times = ['startedAt', 'answeredAt', 'endedAt'] as const;
  return (
    same.every((name) => leaf[name] === cdr[name]) &&
    times.every((name) => Date.parse(leaf[name] ?? '') === Date.parse(cdr[name] ?? '') || leaf[name] === cdr[name]) &&
    leaf.amount === cdr.paid &&
    leaf.tariffHash === (cdr.terms?.tariffHash ?? null) &&
    proof.txHash === cdr.txHash
  );
}
