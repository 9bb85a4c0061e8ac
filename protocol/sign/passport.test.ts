import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createWebCryptoKey } from '../../test/browser/page/webcrypto-key.ts';
import { addressOfPublicKey } from '../types/address.ts';
import type { ScriptHash } from '../types/hash.ts';
import { createKey, keyOf } from './key.ts';
import { checkIdentity, PASSPORT_LIFE_S, type Passport, type PassportUse, writeIdentity } from './passport.ts';

const provider = keyOf(new Uint8Array(32).fill(7));
const [caller, called, audience] = [8, 9, 10].map((n) => keyOf(new Uint8Array(32).fill(n)).address) as [
  Passport['caller'],
  Passport['called'],
  Passport['audience'],
];
const nowMs = Date.UTC(2026, 0, 31);
const passport: Passport = {
  network: 56753,
  contract: `0x${'01'.repeat(20)}` as ScriptHash,
  audience,
  callId: 'a84b4c76e66710@pc33',
  caller,
  called,
  issuedAt: nowMs / 1000,
};
const { issuedAt: _, ...request } = passport;
const use: PassportUse = { ...request, nowMs };

const verdict = (header: string, given: Partial<PassportUse> = {}) => {
  const checked = checkIdentity(header, { ...use, ...given });
  return checked.valid ? checked.provider : checked.fault;
};

test('a NEO key signs a PASSporT that other verifiers can read', async () => {
  const header = await writeIdentity(provider, passport);
  const [token = '', ...parameters] = header.split(';');
  expect(parameters).toEqual([`info=<neo:${provider.address}>`, 'alg=ES256', 'ppt="krypton"']);
  const [head, claims] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  expect(head).toBe(`{"alg":"ES256","kid":"${provider.publicKey}","ppt":"krypton","typ":"passport"}`);
  expect(claims).toBe(
    `{"aud":"${audience}","cid":"a84b4c76e66710@pc33","con":"0x${'01'.repeat(20)}",` +
      `"dest":{"uri":["sip:${called}"]},"iat":${nowMs / 1000},"net":56753,"orig":{"uri":"sip:${caller}"}}`,
  );
  expect(verdict(header)).toBe(provider.address);
});

test('a key that no code can read signs it too, with s in either half', async () => {
  const hidden = await createWebCryptoKey();
  const signer = { ...hidden, address: addressOfPublicKey(hidden.publicKey) };
  for (let i = 0; i < 16; i += 1) expect(verdict(await writeIdentity(signer, passport))).toBe(signer.address);
});

describe('it counts for this request alone', () => {
  test.each<[string, Partial<PassportUse>, string]>([
    ['another network', { network: 1 }, 'identityForeign'],
    ['another contract', { contract: `0x${'02'.repeat(20)}` as ScriptHash }, 'identityForeign'],
    ['another provider that is called', { audience: provider.address }, 'identityForeign'],
    ['another call', { callId: 'a84b4c76e66710@pc34' }, 'identityMismatch'],
    ['another caller', { caller: called }, 'identityMismatch'],
    ['another one who is called', { called: caller }, 'identityMismatch'],
    ['a minute later', { nowMs: nowMs + PASSPORT_LIFE_S * 1000 }, provider.address],
    ['more than a minute later', { nowMs: nowMs + PASSPORT_LIFE_S * 1000 + 1 }, 'identityExpired'],
    ['a clock that is far behind', { nowMs: nowMs - PASSPORT_LIFE_S * 1000 - 1 }, 'identityExpired'],
  ])('%s', async (_, given, expected) => {
    expect(verdict(await writeIdentity(provider, passport), given)).toBe(expected);
  });
});

test('a signature by another key than the one it names does not hold', async () => {
  const other = createKey();
  const header = await writeIdentity({ ...other, publicKey: provider.publicKey }, passport);
  expect(verdict(header)).toBe('identityInvalid');
});

test('a token with another character says nothing, or the same', async () => {
  const header = await writeIdentity(provider, passport);
  const token = header.slice(0, header.indexOf(';'));
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.constantFrom(...'abcXYZ019-_.= '), (at, character) => {
      fc.pre(token[at] !== character);
      const changed = token.slice(0, at) + character + token.slice(at + 1) + header.slice(token.length);
      expect(checkIdentity(changed, use).valid).toBe(false);
    }),
    { numRuns: 150 },
  );
});

test.each([
  ['nothing', ''],
  ['words', 'hello'],
  ["a carrier's SHAKEN", 'e30.e30.AA;info=<https://cert.example.org>;alg=ES256;ppt="shaken"'],
  ['empty objects', 'e30.e30.AA;info=<neo:x>;alg=ES256;ppt="krypton"'],
  ['what has no end', `${'a'.repeat(3_000)};ppt="krypton"`],
])('%s is no identity', (_, header) => {
  expect(verdict(header)).toBe('identityMalformed');
});
