import { afterAll, beforeAll, expect, test } from 'vitest';
import { cdrSchema, getCdr, listCdrs, submitCdrs } from '../protocol/api/cdrs.ts';
import { createClient } from '../protocol/api/client.ts';
import { escrowSchema } from '../protocol/api/escrows.ts';
import { streamCdrEvents, streamEvents } from '../protocol/api/events.ts';
import { listOf } from '../protocol/api/page.ts';
import { providerSchema } from '../protocol/api/providers.ts';
import { transactionSchema } from '../protocol/api/settlements.ts';
import { userSchema } from '../protocol/api/users.ts';
import { delegate, delegationScope } from '../protocol/sign/delegation.ts';
import { answer, cdrOf, signedRequest, urlOf } from './api-world.ts';
import { createWebCryptoKey } from './browser/page/webcrypto-key.ts';
import { type Service, startService } from './harness/services.ts';
import { take } from './harness/streams.ts';
import { createWorld, eventually, openEscrow, type World } from './harness/world.ts';

/** The API between the real indexer and the real settler, over the real chain. */
let world: World;
let url: string;
const services: Service[] = [];
const get = async (path: string, headers = {}) => answer(await fetch(url + path, { headers }));

beforeAll(async () => {
  world = await createWorld();
  for (const name of ['indexer', 'settler', 'api'] as const) {
    const service = await startService(name, { ...world.env, KRYPTON_API_PORT: '0' });
    services.push(service);
    if (name === 'api') url = await urlOf(service);
  }
}, 90_000);
afterAll(async () => {
  await Promise.all(services.map((service) => service.kill()));
  await world.destroy();
});

test('a call from its escrow to its payout, as the parties read it', async () => {
  const id = await openEscrow(world, 1_000_000n);
  const { height } = await world.send(world.provider, 'relocate', {
    provider: world.provider.address,
    location: 'sip2.example.org',
  });
  const fresh = { 'Min-Height': String(height) };
  const query = await get(`/query/location/${world.user.address}`, fresh);
  expect(query.body.value).toBe('sip2.example.org');
  const opened = escrowSchema.parse((await get(`/v1/escrows/${id}`)).body);
  expect(opened).toMatchObject({ id: Number(id), state: 'open', amount: '1000000', spent: '0', voucherKey: null });
  expect(opened.history).toMatchObject([{ event: 'EscrowOpened', amount: '1000000', openedAt: opened.openedAt }]);
  const user = userSchema.parse((await get(`/v1/users/${world.user.address}`)).body);
  expect([user.balance, user.escrows[0]?.id, user.registrations.length]).toEqual(['0', Number(id), 1]);

  const started = new Date(Date.parse(opened.openedAt) + 1);
  const times = { startedAt: started, answeredAt: started, endedAt: new Date(started.getTime() + 3_000) };
  const cdr = cdrOf(world.user, { escrowId: Number(id), ...times });
  const submitted = await answer(
    await fetch(await signedRequest(url, world.provider, '/v1/cdrs', { body: { cdrs: [cdr] } })),
  );
  expect(submitted.body.cdrs[0].verdict).toBe('accepted');
  const settled = await eventually(
    async () => {
      const path = `/v1/cdrs/${submitted.body.cdrs[0].id}`;
      const { body } = await answer(await fetch(await signedRequest(url, world.user, path)));
      return body.state === 'settled' ? cdrSchema.parse(body) : null;
    },
    'the CDR is settled',
    40_000,
  );
  expect(settled).toMatchObject({ billableSeconds: 6, price: '11000', paid: '11000', claim: { seq: 0 } });
  expect(settled.terms).toMatchObject({
    ratePerSecond: '1000',
    feePerCall: '5000',
    increments: { initial: 6, further: 6 },
  });

  // a browser's key that the wallet has let read in its name, and that no code can read itself
  const device = await createWebCryptoKey();
  const { network, contract } = world;
  const terms = {
    network,
    contract,
    delegate: device.publicKey,
    notAfter: Date.now() + 60_000,
    scope: delegationScope.read,
  };
  const delegation = await delegate(world.user, terms, { form: 'nep21' });
  const phone = createClient({ url, signer: device, delegation });
  expect((await phone.call(listCdrs)).items.map((each) => each.callId)).toEqual([cdr.callId]);
  expect(await phone.call(getCdr, { params: { id: settled.id } })).toMatchObject({
    paid: '11000',
    proof: { txHash: settled.txHash },
  });
  await expect(phone.call(submitCdrs, { body: { cdrs: [cdr] } })).rejects.toThrow('401 delegationOutOfScope');

  const paid = await get(`/v1/settlements/${settled.txHash}`, { 'Min-Height': String(settled.height) });
  expect(transactionSchema.parse(paid.body)).toMatchObject({
    height: settled.height,
    claims: [
      { escrowId: Number(id), amount: '11000', seconds: 6, calls: 1, accepted: true, cdrRoot: settled.claim?.cdrRoot },
    ],
  });
  const { items } = listOf(transactionSchema).parse(
    (await get(`/v1/settlements?provider=${world.provider.address}`)).body,
  );
  expect(items.map(({ txHash }) => txHash)).toEqual([settled.txHash]);
  const after = escrowSchema.parse((await get(`/v1/escrows/${id}`)).body);
  expect(after).toMatchObject({ spent: '11000', seq: 1, calls: 1 });
  const client = createClient({ url, signer: world.user });
  const events = await take(client.follow(streamEvents, { query: { escrow: Number(id), since: 0 } }), 2);
  expect(events.map(({ item }) => item)).toMatchObject(after.history);
  const states = await take(client.follow(streamCdrEvents, { after: '0' }), 4);
  expect(states.map(({ item }) => item.state)).toEqual(['received', 'rated', 'claimed', 'settled']);
  const { at, ...last } = states.at(-1)?.item ?? {};
  expect(settled).toMatchObject(last);
  expect(after.history.at(-1)).toMatchObject({
    event: 'EscrowSettled',
    txHash: settled.txHash,
    seq: 0,
    amount: '11000',
  });
  const provider = providerSchema.parse((await get(`/v1/providers/${world.provider.address}`)).body);
  expect(provider.stats).toEqual({ settledCalls: 1, answeredRatio: 1, meanSeconds: 6, rejectedClaims: 0 });
}, 60_000);
