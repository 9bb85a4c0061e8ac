import { describe, expect, test } from 'vitest';
import { type Delegation, delegate } from '../../protocol/sign/delegation.ts';
import { keyOf } from '../../protocol/sign/key.ts';
import { signRegistration } from '../../protocol/sign/registration.ts';
import type { ScriptHash } from '../../protocol/types/hash.ts';
import { decideRegistration, type RegistrationFacts, type Shown } from './decide-registration.ts';

const [user, device, provider, stranger] = [7, 8, 9, 10].map((n) => keyOf(new Uint8Array(32).fill(n))) as [
  Key,
  Key,
  Key,
  Key,
];
type Key = ReturnType<typeof keyOf>;
const nonce = '9b2f1c7e-4d3a-4f6b-8a51-0c2d3e4f5a6b';
const other = '1b2f1c7e-4d3a-4f6b-8a51-0c2d3e4f5a6b';
const now = new Date('2026-01-31T12:00:00Z');
const later = new Date(now.getTime() + 1);
const terms = { network: 56753, contract: `0x${'01'.repeat(20)}` as ScriptHash, provider: provider.address };
const facts: RegistrationFacts = {
  ...terms,
  user: user.address,
  connection: 'ws:1',
  now,
  nonces: [{ nonce, user: user.address, connection: 'ws:1', expiresAt: later }],
  session: null,
  registrations: [{ provider: provider.address, uuid: nonce, registeredAt: now }],
};
const nothing: Shown = { session: false, proof: null, delegation: null, token: null };

const verdict = (shown: Partial<Shown>, given: Partial<RegistrationFacts> = {}) => {
  const decision = decideRegistration({ ...nothing, ...shown }, { ...facts, ...given });
  return decision.allowed ? decision.way : decision.reason;
};
const elsewhere = [{ provider: stranger.address, uuid: nonce, registeredAt: now }];

test('who shows nothing is asked', () => {
  expect(verdict({})).toBe('ask');
});

describe('a token', () => {
  test.each<[string, Partial<RegistrationFacts>, string]>([
    ['counts on the connection that was given it', {}, 'token'],
    ['is no password: on another connection it is nothing', { connection: 'ws:2' }, 'wrongNonce'],
    ['is for the address that asked', { user: stranger.address }, 'wrongNonce'],
    ['ends', { now: later }, 'wrongNonce'],
    [
      'has to be on the chain',
      { registrations: [{ provider: provider.address, uuid: other, registeredAt: now }] },
      'notRegistered',
    ],
    ['has to be there for this provider', { registrations: elsewhere }, 'notRegistered'],
    ['has to be there at all', { registrations: [] }, 'notRegistered'],
  ])('%s', (_, given, expected) => expect(verdict({ token: nonce }, given)).toBe(expected));
});

describe('a signature', () => {
  const anyUuid = { registrations: [{ provider: provider.address, uuid: other, registeredAt: now }] };
  test.each<[string, Partial<RegistrationFacts>, string]>([
    ['counts whatever uuid stands on chain', anyUuid, 'signature'],
    ['counts for its own nonce only', { nonces: [{ ...facts.nonces[0], nonce: other } as never] }, 'badSignature'],
    ['counts once: a nonce that is used up is gone', { nonces: [] }, 'wrongNonce'],
    ['does not count on another connection', { connection: 'ws:2' }, 'wrongNonce'],
    ['does not count later', { now: later }, 'wrongNonce'],
    ['does not count for another provider', { provider: stranger.address }, 'badSignature'],
    ['does not count on another network', { network: 1 }, 'badSignature'],
    ['does not count for another address', { user: stranger.address }, 'wrongKey'],
    ['does not count where the user is not registered', { registrations: elsewhere }, 'notRegistered'],
  ])('%s', async (_, given, expected) => {
    expect(verdict({ proof: await signRegistration(user, { ...terms, nonce }) }, given)).toBe(expected);
  });

  test('of somebody else does not count', async () => {
    const proof = await signRegistration(stranger, { ...terms, nonce });
    expect(verdict({ proof })).toBe('wrongKey');
    expect(verdict({ proof: { ...proof, key: user.publicKey } })).toBe('badSignature');
  });
});

describe('a delegated key', () => {
  const made = async (given: Partial<Parameters<typeof delegate>[1]> = {}): Promise<Partial<Shown>> => ({
    proof: await signRegistration(device, { ...terms, nonce }),
    delegation: (await delegate(user, {
      ...terms,
      delegate: device.publicKey,
      notAfter: now.getTime() + 1_000,
      scope: 2,
      ...given,
    })) as Delegation,
  });

  test('registers for the wallet, and the session ends with the delegation', async () => {
    const decision = decideRegistration({ ...nothing, ...(await made()) }, facts);
    expect(decision).toEqual({ allowed: true, way: 'delegate', nonce, notAfter: new Date(now.getTime() + 1_000) });
  });

  test('does nothing beyond what it was given', async () => {
    expect(verdict(await made({ scope: 1 }))).toBe('delegationOutOfScope');
    expect(verdict(await made({ notAfter: now.getTime() - 1 }))).toBe('delegationExpired');
    expect(verdict(await made({ delegate: stranger.publicKey }))).toBe('delegationForeign');
    expect(verdict(await made({ network: 1 }))).toBe('delegationInvalid');
    expect(verdict(await made(), { user: device.address })).toBe('wrongKey');
    expect(verdict(await made(), { registrations: elsewhere })).toBe('notRegistered');
  });
});

describe('a session', () => {
  const session = { user: user.address, expiresAt: later, notAfter: later };
  test.each<[string, Partial<RegistrationFacts>, string]>([
    ['counts on any connection', { session, connection: 'ws:2' }, 'session'],
    ['that nobody knows does not', {}, 'sessionUnknown'],
    ['of another user does not', { session: { ...session, user: stranger.address } }, 'sessionUnknown'],
    ['that is over does not', { session: { ...session, expiresAt: now } }, 'sessionUnknown'],
    ['whose delegation is over does not', { session: { ...session, notAfter: now } }, 'sessionUnknown'],
    ['is void where the user has unregistered', { session, registrations: elsewhere }, 'notRegistered'],
  ])('%s', (_, given, expected) => expect(verdict({ session: true }, given)).toBe(expected));
});
