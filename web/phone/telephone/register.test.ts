import { expect, test } from 'vitest';
import { delegate, writeDelegation } from '../../../protocol/sign/delegation.ts';
import { createKey } from '../../../protocol/sign/key.ts';
import { isRegistrationValid, signRegistration } from '../../../protocol/sign/registration.ts';
import { bytesOfHex } from '../../../protocol/types/bytes.ts';
import type { ScriptHash } from '../../../protocol/types/hash.ts';
import type { PublicKey } from '../../../protocol/types/public-key.ts';
import { type RegisterDeps, register } from './register.ts';
import type { SipAnswer } from './sip.ts';

const [wallet, device, provider] = [createKey(), createKey(), createKey().address];
const contract = `0x${'ab'.repeat(20)}` as ScriptHash;
const nonce = '9b2f1c7e-4d3a-4f6b-8a51-0c2d3e4f5a6b';
const identity = { 'X-Krypton-Provider': provider, 'X-Krypton-Network': '7', 'X-Krypton-Contract': contract };

const answer = (status: number, headers: Record<string, string> = {}): SipAnswer => ({
  status,
  phrase: 'x',
  header: (name) => headers[name] ?? null,
});
const challenge = answer(401, { ...identity, 'X-Krypton-Nonce': nonce, 'X-Krypton-Reason': 'ask' });

/** A phone against a registrar that gives these answers, one after the other. */
function phone(answers: (SipAnswer | null)[], given: Partial<RegisterDeps> = {}) {
  const asked: Record<string, string>[] = [];
  let session: string | null = null;
  const deps: RegisterDeps = {
    sip: {
      register: async (headers) => {
        asked.push(Object.fromEntries(headers.map((header) => header.split(/: (.*)/s).slice(0, 2))));
        return answers.shift() ?? null;
      },
    },
    provider,
    network: 7,
    contract,
    session: async () => session,
    keepSession: async (secret) => {
      session = secret;
    },
    isOnChain: async () => true,
    sign: async (terms) => ({ ...(await signRegistration(wallet, terms)), delegation: null }),
    push: async () => null,
    ...given,
  };
  return { deps, asked, session: () => session };
}

test('the nonce is signed, and from then on the secret of the session does', async () => {
  const welcome = answer(200, { 'X-Krypton-Session': 's3cret', 'X-Krypton-Voucher-Interval': '7' });
  const { deps, asked, session } = phone([challenge, welcome, answer(200)]);
  expect(await register(deps)).toEqual({
    kind: 'registered',
    voucherIntervalMs: 7_000,
    iceServers: [],
    pushKey: null,
  });
  const proof = {
    key: asked[1]?.['X-Krypton-Key'] as PublicKey,
    signature: bytesOfHex(asked[1]?.['X-Krypton-Signature'] ?? ''),
    form: 'raw',
  } as const;
  expect(isRegistrationValid(proof, { network: 7, contract, provider, nonce })).toBe(true);
  expect(session()).toBe('s3cret');
  await register(deps);
  expect(asked[2]).toMatchObject({ 'X-Krypton-Session': 's3cret' });
});

test('a session that has ended is forgotten, and the nonce that came with the refusal is signed', async () => {
  const { deps, asked, session } = phone([challenge, answer(200, { 'X-Krypton-Session': 'new' })]);
  await deps.keepSession('old');
  expect((await register(deps)).kind).toBe('registered');
  expect([asked.length, session()]).toEqual([2, 'new']);
});

test('a delegated key shows the statement of the wallet', async () => {
  const terms = { network: 7, contract, delegate: device.publicKey, notAfter: Date.now() + 60_000, scope: 2 } as const;
  const delegation = writeDelegation(await delegate(wallet, terms));
  const sign: RegisterDeps['sign'] = async (terms) => ({ ...(await signRegistration(device, terms)), delegation });
  const { deps, asked } = phone([challenge, answer(200)], { sign });
  await register(deps);
  expect(asked[1]).toMatchObject({ 'X-Krypton-Delegation': delegation, 'X-Krypton-Key': device.publicKey });
});

test('who is not on the chain yet is asked to sign nothing, and comes back with the uuid', async () => {
  const { deps, asked } = phone([challenge, answer(200)], { isOnChain: async () => false, sign: async () => fail() });
  expect(await register(deps)).toEqual({ kind: 'notOnChain', uuid: nonce });
  expect((await register(deps, nonce)).kind).toBe('registered');
  expect(asked[1]).toMatchObject({ 'X-Krypton-Token': nonce });
});

const fail = (): never => {
  throw new Error('it was asked for a signature');
};

test.each(['X-Krypton-Provider', 'X-Krypton-Network', 'X-Krypton-Contract'])(
  'a proxy of another %s gets no signature',
  async (header) => {
    const foreign = answer(401, { ...identity, 'X-Krypton-Nonce': nonce, [header]: '8' });
    const { deps } = phone([foreign], { sign: async () => fail() });
    expect(await register(deps)).toEqual({ kind: 'refused', reason: 'otherProvider' });
  },
);

test('refusals name their reason; a proxy that fails is only away', async () => {
  expect(await register(phone([answer(403, { 'X-Krypton-Reason': 'otherNetwork' })]).deps)).toEqual({
    kind: 'refused',
    reason: 'otherNetwork',
  });
  expect(await register(phone([answer(503)]).deps)).toEqual({ kind: 'unreachable' });
  expect(await register(phone([null]).deps)).toEqual({ kind: 'unreachable' });
  expect(await register(phone([challenge], { sign: async () => null }).deps)).toEqual({ kind: 'locked' });
});

test('a relay and a subscription to push ride on it; what can not be read of a relay is none', async () => {
  const turn = { urls: ['turns:turn.test:443?transport=tcp'], username: '1:N', credential: 'x' };
  const push = async () => ({ endpoint: 'https://push.test/1', keys: { p256dh: 'a', auth: 'b' } });
  const { deps, asked } = phone([answer(200, { 'X-Krypton-Turn': JSON.stringify(turn) })], { push });
  expect(await register(deps)).toMatchObject({ iceServers: [turn] });
  expect(JSON.parse(asked[0]?.['X-Krypton-Push'] ?? '')).toEqual(await push());
  for (const header of ['{', '7', '{"urls":7}'])
    expect(await register(phone([answer(200, { 'X-Krypton-Turn': header })]).deps)).toMatchObject({ iceServers: [] });
});
