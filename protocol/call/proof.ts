import { z } from 'zod';
import { decodeEvent, type EventOf } from '../contract/event.ts';
import type { StackItem } from '../contract/stack-item.ts';
import { addressSchema } from '../types/address.ts';
import { bytesOfHex, hexOf } from '../types/bytes.ts';
import { datoshiSchema, maxInteger } from '../types/datoshi.ts';
import { isRealTime } from '../types/time.ts';
import { leafOfContent } from './cdr.ts';
import { rootOfProof, type SumNode } from './merkle-sum.ts';

/** Another form of the file would have another name: whoever can't read it says so, and guesses nothing. */
export const proofFormat = 'krypton-cdr-proof-1';

/** 5,000 calls make 13 levels; no claim holds 2^32. */
const MAX_DEPTH = 32;

/**
 * Everything has one spelling, so that nothing in the file can be changed unseen. Values stay as they are written: what
 * is hashed is what a person reads.
 */
const amount = z
  .string()
  .refine((value) => datoshiSchema.safeParse(value).success, 'expected datoshi as a decimal string')
  .meta({ description: 'datoshi (10^-8 GAS)', example: '150000' });
const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^0x[0-9a-f]{${2 * bytes}}$`), `expected 0x and ${2 * bytes} hex digits`);
/** Half of a surrogate pair has no bytes of its own: it would be hashed like another character. */
const text = z.string().refine((value) => value.isWellFormed(), 'expected Unicode text');
const time = z.string().refine(isInstant, 'expected a time as RFC 3339, in UTC with milliseconds');
const node = { hash: hex(32), sum: amount };

/** RFC 8785 has one form of a call; a time in another one would be another call. */
function isInstant(value: string): boolean {
  return isRealTime(value) && new Date(value).toISOString() === value;
}

const leafContentSchema = z
  .strictObject({
    callId: text,
    user: z.string().refine((value) => addressSchema.safeParse(value).success, 'expected a NEO N3 address'),
    direction: text,
    from: text,
    to: text,
    disposition: text,
    sipStatus: z.int(),
    hangupBy: text.optional(),
    escrowId: z.int().positive(),
    startedAt: time,
    answeredAt: time.nullable(),
    endedAt: time,
    billableSeconds: z.int().nonnegative(),
    amount,
    tariffHash: hex(32).nullable().meta({ description: "the rate deck; null: the escrow's own terms" }),
    salt: z.string().regex(/^[0-9a-f]{32}$/, 'expected 32 hex digits'),
  })
  .meta({ id: 'CdrLeaf', description: 'what the leaf is the hash of: the CDR, what was claimed for it, and its salt' });

/** That a claim on the chain holds a call. Whoever has it needs no service of ours to check it, only a NEO node. */
export const proofSchema = z
  .strictObject({
    format: z.literal(proofFormat),
    network: z.int().nonnegative().max(0xffff_ffff).meta({ description: 'magic number of the network' }),
    contract: hex(20),
    txHash: hex(32).meta({ description: 'transaction in which the claim was accepted' }),
    claim: z.strictObject({
      escrowId: z.int().positive(),
      seq: z.int().nonnegative().meta({ description: 'number of the claim in its escrow, from 0 on' }),
      amount,
      cdrRoot: hex(32),
    }),
    root: z.strictObject(node),
    path: z
      .array(z.strictObject({ side: z.enum(['left', 'right']), ...node }))
      .max(MAX_DEPTH)
      .meta({ description: 'siblings from the leaf up: on which side each stands' }),
    leaf: z.strictObject(node),
    cdr: leafContentSchema.nullable().meta({ description: 'null in a public proof: only the parties know the call' }),
  })
  .meta({ id: 'CdrProof' });

export type Proof = z.infer<typeof proofSchema>;
type Settled = EventOf<'EscrowSettled'>;

/** One thing that does not fit: what the file has (`given`), and what it should be (`found`). */
export type ProofFault = { code: ProofFaultCode; given: string; found: string };

/** What the file says of which thing, and who says otherwise. */
const faultWords = {
  leafHash: ['the hash of the leaf', 'the CDR gives'],
  leafSum: ['the sum of the leaf', 'the CDR gives'],
  escrow: ["the claim's escrow", 'the CDR gives'],
  rootHash: ['the hash of the root', 'leaf and path give'],
  rootSum: ['the sum of the root', 'leaf and path give'],
  cdrRoot: ["the claim's cdrRoot", 'the root gives'],
  amount: ["the claim's amount", 'the root gives'],
  chainRoot: ["the claim's cdrRoot", 'the chain gives'],
  chainAmount: ["the claim's amount", 'the chain gives'],
  position: ['the path', 'the chain gives'],
  claim: ['the claim', 'the transaction settles'],
} as const;
export type ProofFaultCode = keyof typeof faultWords;

/** For a person: what the file has, and what it should be. */
export function sentenceOf({ code, given, found }: ProofFault): string {
  const [what, source] = faultWords[code];
  return `${what} is ${given} in the file, but ${source} ${found}`;
}

/** What does not fit within the file: leaf, path, root and claim, each to the next. */
export function checkProof({ cdr, leaf, path, root, claim }: Proof): ProofFault[] {
  const content = cdr && shown(leafOfContent({ ...cdr, hangupBy: cdr.hangupBy }));
  return [
    ...(content ? differ('leafHash', leaf.hash, content.hash) : []),
    ...(content ? differ('leafSum', leaf.sum, content.sum) : []),
    ...(cdr ? differ('escrow', claim.escrowId, cdr.escrowId) : []),
    ...checkPath({ leaf, path, root }),
    ...differ('cdrRoot', claim.cdrRoot, root.hash),
    ...differ('amount', claim.amount, root.sum),
  ];
}

function checkPath({ leaf, path, root }: Pick<Proof, 'leaf' | 'path' | 'root'>): ProofFault[] {
  const sum = [leaf, ...path].reduce((total, each) => total + BigInt(each.sum), 0n);
  // no claim is so large: its nodes could not be hashed
  if (sum > maxInteger) return differ('rootSum', root.sum, sum);
  const steps = path.map((step) => ({ ...nodeOf(step), side: step.side }));
  const reached = shown(rootOfProof(nodeOf(leaf), steps));
  return [...differ('rootHash', root.hash, reached.hash), ...differ('rootSum', root.sum, reached.sum)];
}

/** A notification as an application log has it. */
type Emitted = { contract: string; name: string; state: readonly StackItem[] };

/** The place of a call among those of its claim, both counted from 1. */
export type Place = { call: bigint; of: bigint; settled: Settled };

/**
 * What does not fit between the file and the notifications of its transaction; or where in its claim the call is.
 * @throws StackItemError where the contract emits something else than KRYPTON's
 */
export function checkClaim({ contract, claim, path }: Proof, emitted: readonly Emitted[]): ProofFault[] | Place {
  const accepted = emitted.flatMap((each) => (each.contract === contract ? settledOf(each) : []));
  const settled = accepted.find(({ id, seq }) => id === BigInt(claim.escrowId) && seq === BigInt(claim.seq));
  if (!settled) return differ('claim', nameOf(claim.escrowId, claim.seq), namesOf(accepted));
  const sides = path.map(({ side }) => side);
  const index = indexOf(sides, settled.calls);
  const faults = [
    ...differ('chainRoot', claim.cdrRoot, settled.cdrRoot),
    ...differ('chainAmount', claim.amount, settled.amount),
  ];
  if (index === null)
    faults.push(...differ('position', sides.join(', ') || 'empty', `no such place among ${settled.calls} calls`));
  return index === null || faults.length > 0 ? faults : { call: index + 1n, of: settled.calls, settled };
}

function settledOf({ name, state }: Emitted): Settled[] {
  if (name !== 'EscrowSettled') return [];
  const event = decodeEvent(name, state);
  return event.name === 'EscrowSettled' ? [event] : [];
}

const nameOf = (escrowId: number | bigint, seq: number | bigint) => `number ${seq} of escrow ${escrowId}`;

/** A transaction may settle 512 claims: the first ones show a person which one it is. */
const MAX_NAMES = 3;

function namesOf(accepted: readonly Settled[]): string {
  const names = accepted.slice(0, MAX_NAMES).map(({ id, seq }) => nameOf(id, seq));
  const more = accepted.length - names.length;
  return [...names, ...(more > 0 ? [`${more} more`] : [])].join(', ') || 'none';
}

/**
 * Which of so many leaves a path leads up from; null where it leads from an inner node, which is no call. The left half
 * of a tree holds the largest power of two that leaves something for the right one.
 */
function indexOf(sides: readonly Proof['path'][number]['side'][], leaves: bigint): bigint | null {
  let [first, size] = [0n, leaves];
  for (const side of sides.toReversed()) {
    if (size < 2n) return null;
    let left = 1n;
    while (2n * left < size) left *= 2n;
    if (side === 'right') size = left;
    else [first, size] = [first + left, size - left];
  }
  return size === 1n ? first : null;
}

const nodeOf = ({ hash, sum }: Proof['leaf']): SumNode => ({ hash: bytesOfHex(hash), sum: BigInt(sum) });
const shown = ({ hash, sum }: SumNode) => ({ hash: hexOf(hash), sum: sum.toString() });

function differ(code: ProofFaultCode, given: string | number | bigint, found: string | number | bigint): ProofFault[] {
  return String(given) === String(found) ? [] : [{ code, given: String(given), found: String(found) }];
}
