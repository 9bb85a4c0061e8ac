import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createWebCryptoKey } from '../../test/browser/page/webcrypto-key.ts';
import type { ScriptHash } from '../types/hash.ts';
import {
  type Delegation,
  type DelegationScope,
  type DelegationTerms,
  type DelegationUse,
  delegate,
  delegationFault,
  delegationStatement,
  MAX_DELEGATION_MS,
  readDelegation,
  writeDelegation,
} from './delegation.ts';
import { createKey, keyOf } from './key.ts';
import type { Wrapping } from './wallet-message.ts';

const wallet = keyOf(new Uint8Array(32).fill(7));
const device = keyOf(new Uint8Array(32).fill(8));
const nowMs = Date.UTC(2026, 0, 31);
const contract = `0x${'01'.repeat(20)}` as ScriptHash;
const terms: DelegationTerms = {
  network: 56753,
  contract,
  delegate: device.publicKey,
  notAfter: nowMs + 86_400_000,
  scope: 1,
};
const use: DelegationUse = { network: 56753, contract, key: device.publicKey, needs: 'read', nowMs };
const wrappings: Wrapping[] = [
  { form: 'raw' },
  { form: 'nep21' },
  { form: 'legacy', salt: '00112233445566778899aabbccddeeff' },
];

const verdict = (delegation: Delegation, given: Partial<DelegationUse> = {}) =>
  delegationFault(delegation, { ...use, ...given })?.code ?? 'holds';
const made = (given: Partial<DelegationTerms> = {}, wrapping?: Wrapping) =>
  delegate(wallet, { ...terms, ...given }, wrapping);

describe.each(wrappings)('in the form $form', (wrapping) => {
  test('what a wallet delegates is read as it was written, and holds for its key, network and contract alone', async () => {
    const delegation = await made({}, wrapping);
    expect(readDelegation(writeDelegation(delegation))).toEqual(delegation);
    expect(verdict(delegation)).toBe('holds');
    expect(verdict(delegation, { key: createKey().publicKey })).toBe('delegationForeign');
    expect(verdict(delegation, { key: wallet.publicKey })).toBe('delegationForeign');
    expect(verdict(delegation, { network: 1 })).toBe('delegationInvalid');
    expect(verdict(delegation, { contract: `0x${'02'.repeat(20)}` as ScriptHash })).toBe('delegationInvalid');
    expect(verdict({ ...delegation, wallet: createKey().publicKey })).toBe('delegationInvalid');
    expect(verdict({ ...delegation, scope: 3 })).toBe('delegationInvalid');
    expect(verdict({ ...delegation, notAfter: delegation.notAfter + 1 })).toBe('delegationInvalid');
    for (const other of wrappings)
      if (other.form !== wrapping.form) expect(verdict({ ...delegation, ...other })).toBe('delegationInvalid');
  });

  test('a header with another character is another delegation, or none', async () => {
    const delegation = await made({}, wrapping);
    const header = writeDelegation(delegation);
    const character = fc.oneof(
      fc.constantFrom(...'0123456789abcdefABCDEF;, +-.'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    );
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(0, 1), fc.option(character, { nil: '' }), (at, removed, inserted) => {
        const cut = at % header.length;
        const read = readDelegation(header.slice(0, cut) + inserted + header.slice(cut + removed));
        fc.pre(read === null || writeDelegation(read) !== header);
        expect(read === null || verdict(read) !== 'holds').toBe(true);
      }),
      { numRuns: 250 },
    );
  });
});

test("a wallet's key that no code can read delegates too, with s in either half", async () => {
  const hidden = await createWebCryptoKey();
  for (let i = 0; i < 16; i += 1) expect(verdict(await delegate(hidden, terms))).toBe('holds');
});

test('a delegation reaches as far as its scope', async () => {
  const reach = async (scope: DelegationScope, needs: DelegationUse['needs']) =>
    verdict(await made({ scope }), { needs });
  expect(await reach(1, 'read')).toBe('holds');
  expect(await reach(1, 'registration')).toBe('delegationOutOfScope');
  expect(await reach(2, 'read')).toBe('delegationOutOfScope');
  expect(await reach(2, 'registration')).toBe('holds');
  expect(await reach(3, 'read')).toBe('holds');
  expect(await reach(3, 'registration')).toBe('holds');
});

test('it ends at its time, and lasts 30 days at most', async () => {
  const until = async (notAfter: number) => verdict(await made({ notAfter }));
  expect(await until(nowMs)).toBe('holds');
  expect(await until(nowMs - 1)).toBe('delegationExpired');
  expect(await until(nowMs + MAX_DELEGATION_MS)).toBe('holds');
  expect(await until(nowMs + MAX_DELEGATION_MS + 60_000)).toBe('holds'); // by a clock that is a minute ahead
  expect(await until(nowMs + MAX_DELEGATION_MS + 60_001)).toBe('delegationTooLong');
});

test('the statement has 84 bytes, each at its place', () => {
  const bytes = Buffer.from(delegationStatement(terms));
  expect(bytes.subarray(0, 18).toString()).toBe('KRYPTON-DELEGATE-1');
  expect(bytes.readUInt32LE(18)).toBe(56753);
  expect(bytes.subarray(22, 42).toString('hex')).toBe('01'.repeat(20));
  expect(bytes.subarray(42, 75).toString('hex')).toBe(device.publicKey);
  expect(Number(bytes.readBigUInt64BE(75))).toBe(terms.notAfter);
  expect([bytes[83], bytes.length]).toEqual([1, 84]);
});

test.each([
  ['nothing', () => ''],
  ['a scope that is none', (header: string) => header.replace(';1;', ';4;')],
  ['no scope', (header: string) => header.replace(';1;', ';0;')],
  ['another form', (header: string) => header.replace('raw', 'eip191')],
  ['a salt where none is signed', (header: string) => `${header};00`],
  ['a legacy form without salt', (header: string) => header.replace('raw', 'legacy')],
  ['a salt that is no hex', (header: string) => `${header.replace('raw', 'legacy')};xx`],
  ['a salt of half a byte', (header: string) => `${header.replace('raw', 'legacy')};000`],
  ['a salt without end', (header: string) => `${header.replace('raw', 'legacy')};${'00'.repeat(65)}`],
  ['a time with a sign', (header: string) => header.replace(';1', ';+1')],
  ['a key off the curve', (header: string) => header.replace(/^.{66}/, `02${'f'.repeat(64)}`)],
  ['two of them', (header: string) => `${header}, ${header}`],
])('%s is no delegation', async (_, change) => {
  const header = writeDelegation(await made());
  expect(readDelegation(header)).not.toBeNull();
  expect(readDelegation(change(header))).toBeNull();
});
