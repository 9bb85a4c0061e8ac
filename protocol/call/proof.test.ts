import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createKey } from '../sign/key.ts';
import { base64OfBytes, bytesOfHex, hexOf } from '../types/bytes.ts';
import { datoshi } from '../types/datoshi.ts';
import type { ScriptHash } from '../types/hash.ts';
import { leafContent, leafOfContent } from './cdr.ts';
import { leafOf, merkleSumProof, merkleSumRoot, type SumNode } from './merkle-sum.ts';
import { checkClaim, checkProof, type Proof, proofFormat, proofSchema } from './proof.ts';

const contract = `0x${'c0'.repeat(20)}` as ScriptHash;
const txHash = `0x${'7'.repeat(64)}`;
const { address: user } = createKey();

const shown = ({ hash, sum }: SumNode) => ({ hash: hexOf(hash) as string, sum: sum.toString() });

/** A claim of so many calls, and the proof of one of them. */
function proofOf(calls: number, index: number, given: { amount?: bigint; hangupBy?: string | null } = {}): Proof {
  const { amount = 11_000n, hangupBy = 'caller' } = given;
  const facts = {
    callId: 'a84b4c76e66710@pc33.example.org',
    escrowId: 7n,
    user,
    direction: 'outbound',
    from: '+31201234567',
    to: 'sip:bób@example.org\ufffd',
    startedAt: new Date('2026-01-31T12:00:00.000Z'),
    answeredAt: new Date('2026-01-31T12:00:05.250Z'),
    endedAt: new Date('2026-01-31T12:01:00.001Z'),
    disposition: 'answered',
    sipStatus: 200,
    hangupBy,
  };
  const price = { billableSeconds: 55n, amount: datoshi(amount), tariffHash: `0x${'ab'.repeat(32)}` };
  const cdr = leafContent(facts, price, new Uint8Array(16).fill(0x5a));
  const leaf = leafOfContent(cdr);
  const leaves = Array.from({ length: calls }, (_, i) =>
    i === index ? leaf : leafOf(`{"call":${i}}`, BigInt(i) * 7n),
  );
  const root = merkleSumRoot(leaves);
  return {
    format: proofFormat,
    network: 56753,
    contract,
    txHash,
    claim: { escrowId: 7, seq: 3, amount: root.sum.toString(), cdrRoot: hexOf(root.hash) },
    root: shown(root),
    path: merkleSumProof(leaves, index).map((step) => ({ side: step.side, ...shown(step) })),
    leaf: shown(leaf),
    cdr,
  };
}

const integer = (value: bigint | number) => ({ type: 'Integer', value: String(value) }) as const;
const bytes = (value: Uint8Array) => ({ type: 'ByteString', value: base64OfBytes(value) }) as const;

/** What a node's application log has of the transaction that settled the claim. */
const emittedFor = ({ claim }: Proof, calls: number, by: string = contract) => [
  { contract: `0x${'99'.repeat(20)}`, name: 'EscrowSettled', state: [] }, // a stranger's
  { contract: by, name: 'ClaimRejected', state: [integer(7), integer(2), integer(4)] },
  { contract: by, name: 'EscrowSettled', state: settledState(claim, calls) },
  { contract: by, name: 'EscrowClosed', state: [integer(7), integer(0)] },
];
const settledState = ({ escrowId, seq, amount, cdrRoot }: Proof['claim'], calls: number) => [
  integer(escrowId),
  integer(seq),
  integer(BigInt(amount)),
  integer(99),
  integer(calls),
  bytes(bytesOfHex(cdrRoot)),
  integer(BigInt(amount)),
];

/** What an auditor does: the file, the network, contract and transaction that it names, and their notifications. */
function audit(text: string, chain: Proof, calls: number): string[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return ['no JSON'];
  }
  const { data: proof, error } = proofSchema.safeParse(json);
  if (!proof) return error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  const isThere = proof.network === chain.network && proof.txHash === chain.txHash;
  const placed = checkClaim(proof, isThere ? emittedFor(chain, calls) : []);
  return [...checkProof(proof), ...(Array.isArray(placed) ? placed : [])].map(({ code }) => code);
}

const size = fc.integer({ min: 1, max: 40 });
const place = size.chain((calls) => fc.tuple(fc.constant(calls), fc.nat(calls - 1)));

describe('a proof', () => {
  test('of any call of any claim holds, and says where in the claim it is', () => {
    fc.assert(
      fc.property(place, fc.bigInt({ min: 0n, max: 2n ** 62n }), ([calls, index], amount) => {
        const proof = proofOf(calls, index, { amount, hangupBy: null });
        expect(proofSchema.parse(JSON.parse(JSON.stringify(proof)))).toEqual(JSON.parse(JSON.stringify(proof)));
        expect(checkProof(proof)).toEqual([]);
        expect(checkClaim(proof, emittedFor(proof, calls))).toMatchObject({
          call: BigInt(index + 1),
          of: BigInt(calls),
        });
        expect(audit(JSON.stringify({ ...proof, cdr: null }), proof, calls)).toEqual([]);
      }),
    );
  });

  test('fails where one character of its file is another one, is missing, or is one too many', () => {
    const character = fc.oneof(
      fc.constantFrom(...'0123456789abcdef.-+xZ"\\ ,:{}[]'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    );
    const change = fc.tuple(fc.nat(), fc.constantFrom(0, 1), fc.option(character, { nil: '' }));
    fc.assert(
      fc.property(place, fc.boolean(), change, ([calls, index], isPublic, [at, removed, inserted]) => {
        const whole = proofOf(calls, index);
        const proof = isPublic ? { ...whole, cdr: null } : whole;
        const text = JSON.stringify(proof);
        const cut = at % text.length;
        const changed = text.slice(0, cut) + inserted + text.slice(cut + removed);
        fc.pre(!saysTheSame(text, changed));
        expect(audit(changed, whole, calls)).not.toEqual([]);
      }),
      { numRuns: 700 },
    );
  });

  test('fails where a value of it is that of another proof', () => {
    fc.assert(
      fc.property(place, place, fc.nat(), ([calls, index], [otherCalls, otherIndex], at) => {
        const [proof, other] = [proofOf(calls, index), proofOf(otherCalls, otherIndex, { amount: 9n })];
        const keys = ['claim', 'root', 'path', 'leaf', 'cdr'] as const;
        const key = keys[at % keys.length] as (typeof keys)[number];
        fc.pre(JSON.stringify(proof[key]) !== JSON.stringify(other[key]));
        expect(audit(JSON.stringify({ ...proof, [key]: other[key] }), proof, calls)).not.toEqual([]);
      }),
      { numRuns: 250 },
    );
  });

  test('is none of an inner node, of another contract, or of a claim that was rejected', () => {
    const proof = proofOf(4, 0);
    const [below, ...path] = proof.path;
    const inner = merkleSumRoot(
      [proof.leaf, below as Proof['leaf']].map(({ hash, sum }) => ({ hash: bytesOfHex(hash), sum: BigInt(sum) })),
    );
    const ofInner = { ...proof, leaf: shown(inner), path, cdr: null };
    expect(checkProof(ofInner)).toEqual([]); // the hashes fit
    expect(audit(JSON.stringify(ofInner), proof, 4)).toEqual(['position']);
    expect(checkClaim(proof, emittedFor(proof, 4, `0x${'99'.repeat(20)}`).slice(1))).toMatchObject([
      { code: 'claim', found: 'none' },
    ]);
    const rejected = { ...proof, claim: { ...proof.claim, seq: 2 } };
    expect(checkClaim(rejected, emittedFor(proof, 4))).toEqual([
      { code: 'claim', given: 'number 2 of escrow 7', found: 'number 3 of escrow 7' },
    ]);
  });

  test('names what differs', () => {
    const proof = proofOf(3, 1);
    const dearer = { ...proof, cdr: proof.cdr && { ...proof.cdr, amount: '11001' } };
    expect(checkProof(dearer).map(({ code, found }) => [code, found])).toEqual([
      ['leafHash', expect.stringMatching(/^0x/)],
      ['leafSum', '11001'],
    ]);
    const largest = (2n ** 63n - 1n).toString();
    const endless = { ...proof, path: proof.path.map((step) => ({ ...step, sum: largest })) };
    expect(checkProof(endless)).toEqual([
      { code: 'rootSum', given: proof.root.sum, found: (2n * (2n ** 63n - 1n) + 11_000n).toString() },
    ]);
    const foreign = { ...proof, claim: { ...proof.claim, escrowId: 8 } };
    expect(checkProof(foreign)).toEqual([{ code: 'escrow', given: '8', found: '7' }]);
    const chain = emittedFor({ ...proof, claim: { ...proof.claim, amount: '1', cdrRoot: txHash } }, 3);
    expect(checkClaim(proof, chain)).toEqual([
      { code: 'chainRoot', given: proof.claim.cdrRoot, found: txHash },
      { code: 'chainAmount', given: proof.claim.amount, found: '1' },
    ]);
  });
});

/** Blanks between values, and other spellings of a number or of a character, change nothing of what is said. */
function saysTheSame(one: string, other: string): boolean {
  try {
    return JSON.stringify(JSON.parse(other)) === JSON.stringify(JSON.parse(one));
  } catch {
    return false;
  }
}
