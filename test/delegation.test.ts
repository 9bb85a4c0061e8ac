import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { getCdr, listCdrs, submitCdrs } from '../protocol/api/cdrs.ts';
import { createClient } from '../protocol/api/client.ts';
import {
  type DelegationTerms,
  delegate,
  delegationHeader,
  delegationScope,
  MAX_DELEGATION_MS,
  writeDelegation,
} from '../protocol/sign/delegation.ts';
import { createKey } from '../protocol/sign/key.ts';
import type { Wrapping } from '../protocol/sign/wallet-message.ts';
import type { ScriptHash } from '../protocol/types/hash.ts';
import {
  type Answer,
  type ApiWorld,
  answer,
  cdrOf,
  contract,
  createApiWorld,
  deployProviders,
  openEscrows,
  signedRequest,
} from './api-world.ts';
import { createWebCryptoKey } from './browser/page/webcrypto-key.ts';

/** A phone in a browser, that a wallet lets read in its name. */
let device: Awaited<ReturnType<typeof createWebCryptoKey>>;
let world: ApiWorld;
let cdrId: number;

beforeAll(async () => {
  [world, device] = await Promise.all([createApiWorld(), createWebCryptoKey()]);
  await deployProviders(world, world.provider);
  await openEscrows(world, world.provider, 1);
  const cdr = cdrOf(world.user);
  const { body } = await world.signed(world.provider, '/v1/cdrs', { body: { cdrs: [cdr] } });
  cdrId = body.cdrs[0].id;
});
afterAll(() => world.destroy());

const terms = (given: Partial<DelegationTerms> = {}): DelegationTerms => ({
  network: inject('base').network,
  contract,
  delegate: device.publicKey,
  notAfter: Date.now() + 60_000,
  scope: delegationScope.read,
  ...given,
});
const headerOf = async (given: Partial<DelegationTerms> = {}, wrapping?: Wrapping, wallet = world.user) =>
  writeDelegation(await delegate(wallet, terms(given), wrapping));

async function ask(header: string, { path = '/v1/cdrs', signer = device, body }: Asked = {}): Promise<Answer> {
  const headers = { [delegationHeader]: header };
  return answer(await fetch(await signedRequest(world.url, signer, path, { headers, body })));
}
type Asked = { path?: string; signer?: Parameters<typeof signedRequest>[1]; body?: unknown };

describe("a delegated key reads in the wallet's name", () => {
  const wrappings: Wrapping[] = [{ form: 'raw' }, { form: 'nep21' }, { form: 'legacy', salt: '5a'.repeat(16) }];
  test.each(wrappings)('by a signature in the form $form', async (wrapping) => {
    const delegation = await delegate(world.user, terms(), wrapping);
    const api = createClient({ url: world.url, signer: device, delegation });
    const { items } = await api.call(listCdrs);
    expect(items.map(({ id }) => id)).toEqual([cdrId]);
    expect(await api.call(getCdr, { params: { id: cdrId } })).toMatchObject({ id: cdrId, user: world.user.address });
  });

  test('and in its own where it has none, which is nothing here', async () => {
    const delegation = await delegate(world.user, terms());
    const api = createClient({ url: world.url, signer: world.stranger, delegation }).as(device);
    expect((await api.call(listCdrs)).items).toEqual([]);
    expect((await api.as(device, delegation).call(listCdrs)).items).toHaveLength(1);
  });

  test('of what a provider has promised as well', async () => {
    const { status, body } = await ask(await headerOf({}, undefined, world.provider), { path: '/v1/calls' });
    expect([status, body]).toEqual([200, { items: [], next: null }]);
  });

  test('a stream, until the delegation is over', async () => {
    const headers = { [delegationHeader]: await headerOf({ notAfter: Date.now() + 1_500 }) };
    const stream = await fetch(await signedRequest(world.url, device, '/v1/cdrs/events', { headers }));
    expect(await stream.text()).toContain('"code":"delegationExpired"');
  });

  test('from a page', async () => {
    const headers = { Origin: 'https://phone.example', 'Access-Control-Request-Method': 'GET' };
    const preflight = await fetch(`${world.url}/v1/cdrs`, { method: 'OPTIONS', headers });
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Krypton-Delegation');
  });
});

describe('refused with 401 and the reason', () => {
  const refused = async (answered: Promise<Answer>, code: string, detail: RegExp) => {
    const { status, body, headers } = await answered;
    expect([status, body.code, body.detail]).toEqual([401, code, expect.stringMatching(detail)]);
    expect(headers.get('www-authenticate')).toContain('Signature');
  };

  test('forged', async () => {
    const forged = await headerOf({}, undefined, createKey());
    const inName = forged.replace(/^[^;]*/, world.user.publicKey);
    await refused(ask(inName), 'delegationInvalid', /has not signed this for contract 0x.* on network \d+$/);
  });

  test('for another network or contract', async () => {
    await refused(ask(await headerOf({ network: 1 })), 'delegationInvalid', /has not signed this for contract/);
    const other = `0x${'11'.repeat(20)}` as ScriptHash;
    await refused(ask(await headerOf({ contract: other })), 'delegationInvalid', new RegExp(`contract ${contract}`));
  });

  test('expired, or lasting longer than 30 days', async () => {
    await refused(ask(await headerOf({ notAfter: Date.now() - 1 })), 'delegationExpired', /^it was good until \d{4}-/);
    const late = await headerOf({ notAfter: Date.now() + MAX_DELEGATION_MS + 120_000 });
    await refused(ask(late), 'delegationTooLong', /more than 30 days from now/);
  });

  test('out of scope', async () => {
    await refused(ask(await headerOf({ scope: 2 })), 'delegationOutOfScope', /scope, 2, does not hold 1, read$/);
    expect((await ask(await headerOf({ scope: 3 }))).status).toBe(200);
  });

  test('for another key than the one that signs', async () => {
    await refused(ask(await headerOf(), { signer: world.stranger }), 'delegationForeign', /^it is for the key 0[23]/);
    await refused(ask(await headerOf(), { signer: world.user }), 'delegationForeign', /^it is for the key 0[23]/);
  });

  test('unreadable', async () => {
    const malformed = /^expected wallet key;delegated key;/;
    await refused(ask('yes'), 'delegationMalformed', malformed);
    await refused(ask(`${await headerOf()};00`), 'delegationMalformed', malformed);
  });

  test('not covered by the signature of the request', async () => {
    const request = await signedRequest(world.url, device, '/v1/cdrs');
    request.headers.set(delegationHeader, await headerOf());
    await refused(fetch(request).then(answer), 'delegationNotCovered', /does not cover "krypton-delegation"$/);
    const own = await signedRequest(world.url, world.user, '/v1/cdrs');
    own.headers.set(delegationHeader, await headerOf());
    await refused(fetch(own).then(answer), 'delegationNotCovered', /does not cover/);
  });

  test('changed on the way', async () => {
    const headers = { [delegationHeader]: await headerOf() };
    const request = await signedRequest(world.url, device, '/v1/cdrs', { headers });
    request.headers.set(delegationHeader, await headerOf({ scope: 3 }));
    await refused(fetch(request).then(answer), 'signatureInvalid', /does not fit the request/);
  });

  test('for whatever is not a read', async () => {
    const header = await headerOf({ scope: 3 }, undefined, world.provider);
    const own = /only read: this is for the own key/;
    const cdrs = { cdrs: [cdrOf(world.user)] };
    await refused(ask(header, { body: cdrs }), 'delegationOutOfScope', own);
    const call = { callId: 'a', user: world.user.address, destination: '+31201234567', direction: 'outbound' };
    await refused(ask(header, { path: '/v1/calls/authorize', body: call }), 'delegationOutOfScope', own);
    const delegation = await delegate(world.provider, terms({ scope: delegationScope.both }));
    const api = createClient({ url: world.url, signer: device, delegation });
    await expect(api.call(submitCdrs, { body: cdrs })).rejects.toMatchObject({ code: 'delegationOutOfScope' });
    expect((await world.signed(world.provider, '/v1/cdrs')).body.items).toHaveLength(1);
  });

  test('and its nonce is used once', async () => {
    const headers = { [delegationHeader]: await headerOf() };
    const request = await signedRequest(world.url, device, '/v1/cdrs', { headers });
    const again = request.clone();
    expect((await fetch(request)).status).toBe(200);
    await refused(fetch(again).then(answer), 'nonceReplayed', /used before/);
  });
});
