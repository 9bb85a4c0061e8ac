import { expect, test } from 'vitest';
import type { ProviderRecord, RegistrationRecord } from '../../chain/read.ts';
import { createKey } from '../../protocol/sign/key.ts';
import type { Address } from '../../protocol/types/address.ts';
import type { ScriptHash } from '../../protocol/types/hash.ts';
import { height } from '../../protocol/types/height.ts';
import { findElsewhere, refuseIdentity } from './between.ts';
import { openStore } from './store.ts';

const [here, there, alice, bob, stranger] = Array.from({ length: 5 }, () => createKey()) as [Key, Key, Key, Key, Key];
type Key = ReturnType<typeof createKey>;
const start = new Date('2026-01-31T12:00:00Z');

/** Alice is registered there, Bob with both. */
function sideOf(own: Key, state = { now: start }) {
  const at = (provider: Key): RegistrationRecord => ({ provider: provider.address, uuid: '', registeredAt: start });
  const registered = new Map<Address, RegistrationRecord[]>([
    [alice.address, [at(there)]],
    [bob.address, [at(there), at(here)]],
    [stranger.address, [at(stranger)]],
  ]);
  const record = { location: 'sip.example.org' } as ProviderRecord;
  return {
    chain: {
      sync: async () => height(1),
      recent: async () => height(1),
      registrationsOf: async (user: Address) => registered.get(user) ?? [],
      escrow: async () => null,
      escrowsOf: async () => [],
      height: () => height(1),
    },
    reader: { provider: async (address: Address) => (address === stranger.address ? null : record) },
    locate: async () => 'sip:198.51.100.1:5060',
    store: openStore(':memory:'),
    network: 56753,
    contract: `0x${'01'.repeat(20)}` as ScriptHash,
    signer: own,
    now: () => state.now,
    state,
  };
}

const call = { caller: alice.address, called: bob.address, callId: 'a@b' };

test('a user who is with another provider too is reached there, by what the caller’s provider signs', async () => {
  const [mine, theirs] = [sideOf(there), sideOf(here)];
  const found = await findElsewhere(mine, call);
  expect(found?.uri).toBe('sip:198.51.100.1:5060');
  const identity = found?.identity ?? '';
  expect(await refuseIdentity(theirs, { ...call, identity })).toBeNull();
  expect(await refuseIdentity(theirs, { ...call, identity })).toBe('identityReplayed');
  expect(await refuseIdentity(theirs, { ...call, callId: 'other', identity })).toBe('identityMismatch');
  expect(await refuseIdentity(theirs, { ...call, caller: bob.address, identity })).toBe('identityMismatch');
  theirs.state.now = new Date(start.getTime() + 61_000);
  expect(await refuseIdentity(theirs, { ...call, identity })).toBe('identityExpired');
});

test('nobody vouches for users of others, nor without being a provider', async () => {
  const theirs = sideOf(here);
  const vouched = async (by: Key, caller: Key) => {
    const asked = { ...call, caller: caller.address };
    const found = await findElsewhere({ ...sideOf(by), signer: by }, { ...asked });
    return refuseIdentity(theirs, { ...asked, identity: found?.identity ?? '' });
  };
  expect(await vouched(stranger, alice)).toBe('identityForeign'); // it was made for the provider named last: there
  const forHere = sideOf(stranger);
  const reached = {
    ...forHere,
    chain: {
      ...forHere.chain,
      registrationsOf: async () => [{ provider: here.address, uuid: '', registeredAt: start }],
    },
  };
  const identityOf = async (caller: Key) =>
    (await findElsewhere(reached, { ...call, caller: caller.address }))?.identity ?? '';
  expect(await refuseIdentity(theirs, { ...call, identity: await identityOf(alice) })).toBe('identityUnknown');
  const own = { ...call, caller: stranger.address, identity: await identityOf(stranger) };
  expect(await refuseIdentity(theirs, own)).toBe('identityUnknown');
});

test('a user who is registered here alone is nowhere else', async () => {
  expect(await findElsewhere(sideOf(there), { ...call, called: alice.address })).toBeNull();
});
