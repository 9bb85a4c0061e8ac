import { Agent, request as httpRequest } from 'node:http';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAX_BODY_BYTES } from '../api/http/body.ts';
import { deleteExpiredNonces } from '../api/signature/nonces.ts';
import { createDatabase } from '../database/connection.ts';
import { defaultPrefix, settlerQueue } from '../database/queues.ts';
import { cdrSchema, provenCdrSchema, verdictsSchema } from '../protocol/api/cdrs.ts';
import { listOf } from '../protocol/api/page.ts';
import { problemSchema } from '../protocol/api/problem.ts';
import { signRequest } from '../protocol/sign/http-signature.ts';
import {
  type Answer,
  type ApiWorld,
  answer,
  cdrOf,
  createApiWorld,
  deployProviders,
  hash,
  moveTo,
  openEscrows,
  signedRequest,
} from './api-world.ts';

let world: ApiWorld;
const post = (cdrs: unknown[], signer = world.provider) => world.signed(signer, '/v1/cdrs', { body: { cdrs } });
const verdicts = ({ body }: Answer) => verdictsSchema.parse(body).cdrs;

beforeAll(async () => {
  world = await createApiWorld();
  await deployProviders(world, world.provider, world.stranger);
  await openEscrows(world, world.provider, 1, Number.MAX_SAFE_INTEGER);
});
afterAll(() => world.destroy());

describe('CDRs', () => {
  test('are stored as they were sent, and read back by both parties', async () => {
    const voucher = { total: '9007199254740993', signature: 'AB'.repeat(64) };
    const sent = cdrOf(world.user, {
      escrowId: 9007199254740991,
      callId: 'a%20b~"\\<1>',
      from: 'ünï ☎ 1',
      hangupBy: 'caller',
      voucher,
    });
    const accepted = await post([sent]);
    expect(accepted.status).toBe(202);
    const [verdict] = verdicts(accepted);
    expect(verdict).toEqual({
      callId: sent.callId,
      id: verdict?.id,
      verdict: 'accepted',
      state: 'received',
      reason: null,
    });
    for (const party of [world.provider, world.user]) {
      const { status, body } = await world.signed(party, `/v1/cdrs/${verdict?.id}`);
      expect(status).toBe(200);
      expect(provenCdrSchema.strict().parse(body)).toEqual({
        ...sent,
        id: verdict?.id,
        provider: world.provider.address,
        receivedAt: body.receivedAt,
        state: 'received',
        startedAt: '2026-01-01T12:00:00.000Z',
        answeredAt: '2026-01-01T12:00:05.250Z',
        endedAt: '2026-01-01T12:01:00.000Z',
        reason: null,
        reasonCode: null,
        billableSeconds: null,
        price: null,
        paid: null,
        terms: null,
        claim: null,
        txHash: null,
        height: null,
        corrects: null,
        supersededBy: null,
        voucher: { total: '9007199254740993', signature: 'ab'.repeat(64) },
        comparison: null,
        proof: null,
      });
      const list = await world.signed(party, `/v1/cdrs?callId=${encodeURIComponent(sent.callId)}`);
      const { comparison, proof, ...listed } = body;
      expect(listOf(cdrSchema).parse(list.body).items).toEqual([listed]);
    }
    const foreign = await world.signed(world.stranger, `/v1/cdrs/${verdict?.id}`);
    expect([foreign.status, foreign.body.code]).toEqual([404, 'unknownCdr']);
    expect((await world.signed(world.stranger, '/v1/cdrs')).body.items).toEqual([]);
    expect((await world.signed(world.user, '/v1/cdrs/987654321')).body.code).toBe('unknownCdr');
  });

  test('sent again: the same is a duplicate, another one a conflict that is kept once', async () => {
    const sent = cdrOf(world.user);
    const [first] = verdicts(await post([sent]));
    const again = { ...sent, startedAt: '2026-01-01T13:00:00+01:00', hangupBy: null };
    expect(verdicts(await post([again]))[0]).toEqual({ ...first, verdict: 'duplicate' });
    for (let times = 0; times < 2; times += 1) {
      const { status, body, headers } = await post([{ ...sent, sipStatus: 486 }]);
      expect([status, headers.get('content-type')]).toEqual([409, 'application/problem+json']);
      expect(problemSchema.parse(body).code).toBe('cdrConflict');
      expect(verdicts({ status, headers, body })[0]).toMatchObject({
        id: first?.id,
        verdict: 'conflict',
        state: 'received',
      });
    }
    const kept = await world.db
      .selectFrom('cdrConflicts')
      .selectAll()
      .where('cdrId', '=', BigInt(first?.id ?? 0))
      .execute();
    expect(kept.map(({ content }) => content)).toMatchObject([{ sipStatus: 486, callId: sent.callId }]);
    expect((await world.signed(world.provider, `/v1/cdrs/${first?.id}`)).body.sipStatus).toBe(200);
    // Another provider's callIds are its own.
    expect(verdicts(await post([sent], world.stranger))[0]?.verdict).toBe('accepted');
  });

  test('one bad CDR does not keep the others out, and each gets its verdict in its place', async () => {
    const [a, b] = [cdrOf(world.user), cdrOf(world.user)];
    const bad = [
      [{ ...a, callId: 'x', voutcher: 1 }, /^voutcher: is not known here$/],
      [JSON.parse(JSON.stringify({ ...a, callId: 'x' }).replace('{', '{"__proto__":{"to":"1"},')), /^__proto__: /],
      [{ ...a, callId: 'x', user: 'nobody' }, /^user: expected a NEO N3 address/],
      [{ ...a, callId: 'x', escrowId: 2 ** 53 }, /^escrowId: /],
      [{ ...a, callId: 'x', escrowId: '1' }, /^escrowId: /],
      [{ ...a, callId: 'x', startedAt: '2026-02-30T00:00:00Z' }, /^startedAt: /],
      [{ ...a, callId: 'x', startedAt: '2026-01-01T00:00:00' }, /^startedAt: /],
      [{ ...a, callId: 'x', endedAt: '1026-01-01T00:00:00Z' }, /^endedAt: /],
      [{ ...a, callId: 'x', answeredAt: undefined }, /^answeredAt: /],
      [{ ...a, callId: 'x', sipStatus: 99 }, /^sipStatus: /],
      [{ ...a, callId: 'x', from: 'a\nb' }, /^from: /],
      [{ ...a, callId: 'x\u0000' }, /^callId: /],
      [{ ...a, callId: 'x\ud800' }, /^callId: /],
      [{ ...a, callId: 'x'.repeat(256) }, /^callId: /],
      [{ ...a, callId: 'x', voucher: { total: 1, signature: '' } }, /^voucher.total: .*; voucher.signature: /],
      [7, /expected object/],
    ] as const;
    const items = [a, ...bad.map(([item]) => item), b, { ...a, to: 'somebody else' }, b];
    const answered = await post(items);
    expect(answered.status).toBe(202);
    const all = verdicts(answered);
    expect(all.map(({ verdict }) => verdict)).toEqual([
      ...['accepted', ...bad.map(() => 'invalid'), 'accepted', 'conflict', 'duplicate'],
    ]);
    bad.forEach(([, reason], i) => {
      expect(all[i + 1]).toMatchObject({ id: null, state: null, reason: expect.stringMatching(reason) });
    });
    expect(all.at(-2)?.id).toBe(all[0]?.id);
    expect((await post([bad[0][0]])).status).toBe(202);
  });

  test('the same in many requests at once: one accepts, and all know it', async () => {
    const cdrs = Array.from({ length: 50 }, () => cdrOf(world.user));
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => post(i % 2 ? [...cdrs].reverse() : cdrs)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
    for (const { callId } of cdrs) {
      const given = answers.flatMap((each) => verdicts(each).filter((verdict) => verdict.callId === callId));
      expect(given.filter(({ verdict }) => verdict === 'accepted')).toHaveLength(1);
      expect(new Set(given.map(({ id }) => id)).size).toBe(1);
      expect(given.filter(({ verdict }) => verdict === 'duplicate')).toHaveLength(7);
    }
  });

  test('a thousand at once, and not one more', async () => {
    const cdrs = Array.from({ length: 1000 }, () =>
      cdrOf(world.user, { voucher: { total: '1', signature: 'a'.repeat(128) } }),
    );
    expect(verdicts(await post(cdrs)).every(({ verdict }) => verdict === 'accepted')).toBe(true);
    const { status, body } = await post([...cdrs, cdrOf(world.user)]);
    expect([status, body.code, body.errors[0].path]).toEqual([400, 'invalidRequest', 'cdrs']);
  });

  test('are listed newest first, page by page', async () => {
    const [provider, ids] = [world.stranger, [] as number[]];
    for (let i = 0; i < 5; i += 1)
      ids.unshift(verdicts(await post([cdrOf(world.user, { escrowId: 77 })], provider))[0]?.id ?? 0);
    const walked: number[] = [];
    for (let next: string | null = ''; next !== null; ) {
      const { body } = await world.signed(provider, `/v1/cdrs?limit=2&escrowId=77${next && `&cursor=${next}`}`);
      walked.push(...body.items.map(({ id }: { id: number }) => id));
      next = body.next;
    }
    expect(walked).toEqual(ids);
  });

  test('show their price, claim and transaction once they have them', async () => {
    const [verdict] = verdicts(await post([cdrOf(world.user)]));
    await moveTo(world, 100);
    const terms = {
      ratePerSecond: '10',
      feePerCall: '5',
      increments: { initial: 6, further: 6 },
      tariffHash: null,
      entry: null,
    };
    const transaction = {
      validUntilBlock: 200,
      systemFee: 1n,
      networkFee: 1n,
      bytes: Buffer.alloc(1),
      kind: 'settle' as const,
    };
    await world.db
      .insertInto('transactions')
      .values({ ...transaction, hash: hash(1), state: 'halted', height: 100 })
      .execute();
    const claim = await world.db
      .insertInto('claims')
      .values({
        escrowId: 1n,
        seq: 3n,
        txHash: hash(1),
        state: 'accepted',
        amount: 100n,
        seconds: 60n,
        calls: 1n,
        cdrRoot: hash(2),
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    await world.db
      .insertInto('ratings')
      .values({
        cdrId: BigInt(verdict?.id ?? 0),
        escrowId: 1n,
        state: 'settled',
        billableSeconds: 60n,
        price: 605n,
        amount: 100n,
        reasonCode: 'capped',
        reason: 'paid as far as it went',
        explanation: terms,
        claimId: claim.id,
      })
      .execute();
    const { body } = await world.signed(world.user, `/v1/cdrs/${verdict?.id}`);
    expect(provenCdrSchema.parse(body)).toMatchObject({
      state: 'settled',
      reason: 'paid as far as it went',
      reasonCode: 'capped',
      billableSeconds: 60,
      price: '605',
      paid: '100',
      terms,
      claim: { seq: 3, cdrRoot: hash(2) },
      txHash: hash(1),
      height: 100,
      proof: null, // no call makes the root 0x…02
    });
    const { status, body: none } = await world.get(`/v1/proofs/cdr/${verdict?.id}`);
    expect([status, none.code]).toEqual([500, 'internal']);
    expect(world.service.log()).toContain(`not ${hash(2)}`);
  });

  test('say what a call costs, and what was paid for it once that is settled', async () => {
    const claim = { escrowId: 1n, seq: 4n, state: 'accepted' as const, amount: 1n, seconds: 1n, calls: 1n };
    const { id: claimId } = await world.db
      .insertInto('claims')
      .values({ ...claim, cdrRoot: hash(3), txHash: hash(1) })
      .returning('id')
      .executeTakeFirstOrThrow();
    const increments = { initial: 6, further: 6 };
    const terms = { ratePerSecond: '10', feePerCall: '5', increments, tariffHash: null, entry: null };
    const why = { reasonCode: 'x', reason: 'for a reason' };
    const cases = [
      [
        { state: 'rejected', price: 0n, explanation: null, ...why },
        { price: null, paid: null, terms: null },
      ],
      [
        { state: 'rated', price: 0n, explanation: terms },
        { price: '0', paid: null, terms },
      ],
      [
        { state: 'rated', price: 605n, explanation: terms },
        { price: '605', paid: null, terms },
      ],
      [
        { state: 'claimed', price: 605n, amount: 100n, explanation: terms, claimId },
        { price: '605', paid: null },
      ],
      [
        { state: 'settled', price: 605n, amount: 605n, explanation: terms, claimId },
        { price: '605', paid: '605' },
      ],
      [
        { state: 'failed', price: 605n, explanation: terms, ...why },
        { price: '605', paid: null, terms },
      ],
    ] as const;
    for (const [rating, expected] of cases) {
      const [verdict] = verdicts(await post([cdrOf(world.user)]));
      const cdrId = BigInt(verdict?.id ?? 0);
      await world.db
        .insertInto('ratings')
        .values({ cdrId, escrowId: 1n, ...rating })
        .execute();
      const { body } = await world.signed(world.provider, `/v1/cdrs/${cdrId}`);
      expect(provenCdrSchema.strict().parse(body)).toMatchObject({ state: rating.state, ...expected });
    }
  });

  test('wake the settler up', async () => {
    const [verdict] = verdicts(await post([cdrOf(world.user)]));
    const redis = new Redis(world.redisUrl, { maxRetriesPerRequest: null });
    const queue = new Queue(settlerQueue, { connection: redis, prefix: defaultPrefix });
    const waiting = await queue.getJobs(['waiting']);
    expect(waiting.map(({ name, data }) => [name, data.cdrIds])).toContainEqual(['rate', [String(verdict?.id)]]);
    await queue.close();
    redis.disconnect();
  });
});

describe('refused with 401', () => {
  const cdrs = () => ({ cdrs: [cdrOf(world.user)] });
  const send = async (path: string, headers: Record<string, string>, body: string) =>
    answer(await fetch(world.url + path, { method: 'POST', headers, body }));
  const sign = (body: string, path = '/v1/cdrs', options = {}) =>
    signRequest(
      { method: 'POST', url: world.url + path, body, headers: { 'content-type': 'application/json' } },
      world.provider,
      options,
    );

  test.each<[string, string, (body: string) => Promise<Answer>]>([
    ['no signature', 'signatureMissing', (body) => send('/v1/cdrs', { 'content-type': 'application/json' }, body)],
    ['another body', 'digestMismatch', async (body) => send('/v1/cdrs', await sign(body), body.replace('+31', '+32'))],
    ['another query', 'signatureInvalid', async (body) => send('/v1/cdrs?a', await sign(body), body)],
    ['another path', 'signatureInvalid', async (body) => send('/v1/cdrs', await sign(body, '/v1/cdr'), body)],
    [
      'another host',
      'signatureInvalid',
      async (body) => {
        const headers = await signRequest(
          { method: 'POST', url: 'http://other.example/v1/cdrs', body },
          world.provider,
        );
        return send('/v1/cdrs', { ...headers, 'content-type': 'application/json' }, body);
      },
    ],
    [
      'an old signature',
      'signatureExpired',
      async (body) =>
        send('/v1/cdrs', await sign(body, '/v1/cdrs', { created: Math.floor(Date.now() / 1000) - 70 }), body),
    ],
    [
      'a short nonce',
      'signatureIncomplete',
      async (body) => send('/v1/cdrs', await sign(body, '/v1/cdrs', { nonce: 'short' }), body),
    ],
    [
      'no digest',
      'signatureIncomplete',
      async (body) => {
        const { 'content-digest': _, ...headers } = await sign(body);
        return send('/v1/cdrs', headers, body);
      },
    ],
    [
      'another key',
      'signatureInvalid',
      async (body) => {
        const headers = await sign(body);
        const input = headers['signature-input']?.replace(world.provider.publicKey, world.user.publicKey) ?? '';
        return send('/v1/cdrs', { ...headers, 'signature-input': input }, body);
      },
    ],
    [
      'a broken header',
      'signatureMalformed',
      async (body) => send('/v1/cdrs', { ...(await sign(body)), 'signature-input': 'sig=(' }, body),
    ],
  ])('%s', async (_, code, attempt) => {
    const { status, body, headers } = await attempt(JSON.stringify(cdrs()));
    expect([status, problemSchema.parse(body).code]).toEqual([401, code]);
    expect(headers.get('www-authenticate')).toContain('Signature');
    expect(headers.get('accept-signature')).toContain('"@authority"');
  });

  test('a request a second time', async () => {
    const request = await signedRequest(world.url, world.provider, '/v1/cdrs', { body: cdrs() });
    const answers = await Promise.all([1, 2, 3].map(async () => answer(await fetch(request.clone()))));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 401, 401]);
    expect(answers.filter(({ status }) => status === 401).map(({ body }) => body.code)).toEqual([
      'nonceReplayed',
      'nonceReplayed',
    ]);
    const other = await signedRequest(world.url, world.user, '/v1/cdrs', {
      options: { nonce: 'the-same-nonce-for-two' },
    });
    const mine = await signedRequest(world.url, world.provider, '/v1/cdrs', {
      options: { nonce: 'the-same-nonce-for-two' },
    });
    expect([(await fetch(other)).status, (await fetch(mine)).status]).toEqual([200, 200]);
  });

  test('nonces are forgotten once no signature can use them', async () => {
    const [gone, kept] = [new Date(Date.now() - 1000), new Date(Date.now() + 60_000)];
    const keyId = world.stranger.publicKey;
    await world.db
      .insertInto('requestNonces')
      .values([
        { keyId, nonce: 'gone', expiresAt: gone },
        { keyId, nonce: 'kept', expiresAt: kept },
      ])
      .execute();
    const api = createDatabase(world.databaseUrl, 'api');
    await deleteExpiredNonces(api, new Date());
    await api.destroy();
    const left = await world.db.selectFrom('requestNonces').select('nonce').where('keyId', '=', keyId).execute();
    expect(left.map(({ nonce }) => nonce)).toContain('kept');
    expect(left.map(({ nonce }) => nonce)).not.toContain('gone');
  });

  test('a nonce is not used up by a request that fails', async () => {
    const body = JSON.stringify(cdrs());
    const headers = await sign(body);
    expect((await send('/v1/cdrs', headers, `${body} `)).body.code).toBe('digestMismatch');
    expect((await send('/v1/cdrs', headers, body)).status).toBe(202);
  });

  test('reads without signature; HEAD is signed as HEAD', async () => {
    expect((await world.get('/v1/cdrs')).body.code).toBe('signatureMissing');
    expect((await world.get('/v1/cdrs/1')).body.code).toBe('signatureMissing');
    const headers = await signRequest({ method: 'HEAD', url: `${world.url}/v1/cdrs` }, world.user);
    expect((await fetch(`${world.url}/v1/cdrs`, { method: 'HEAD', headers })).status).toBe(200);
    expect((await fetch(`${world.url}/v1/cdrs`, { headers })).status).toBe(401);
  });
});

describe('refused for its body', () => {
  const raw = async (body: string | Uint8Array, type = 'application/json') => {
    const headers = await signRequest(
      { method: 'POST', url: `${world.url}/v1/cdrs`, body, headers: { 'content-type': type } },
      world.provider,
    );
    return answer(await fetch(`${world.url}/v1/cdrs`, { method: 'POST', headers, body }));
  };

  test.each<[string, number, string, () => Promise<Answer>]>([
    ['no JSON', 400, 'invalidJson', () => raw('{"cdrs":')],
    ['no UTF-8', 400, 'invalidJson', () => raw(Buffer.from([0x22, 0xff, 0x22]))],
    ['no object', 400, 'invalidRequest', () => raw('[]')],
    ['null', 400, 'invalidRequest', () => raw('null')],
    ['none', 400, 'invalidRequest', () => raw('{"cdrs":[]}')],
    ['no list', 400, 'invalidRequest', () => raw('{"cdrs":{}}')],
    ['more than is asked', 400, 'invalidRequest', () => raw('{"cdrs":[{}],"dry":true}')],
    ['another type', 415, 'unsupportedMediaType', () => raw('{}', 'text/plain')],
    ['too large', 413, 'tooLarge', () => raw(`{"cdrs":["${'x'.repeat(MAX_BODY_BYTES)}"]}`)],
  ])('%s', async (_, status, code, attempt) => {
    const given = await attempt();
    expect([given.status, problemSchema.parse(given.body).code]).toEqual([status, code]);
  });

  test.each([
    ['{"cdrs":[{"callId":"1"},{"callId":"2","callId":"3"}]}', 'cdrs.1.callId'],
    ['{"cdrs":[{"voucher":{"total":"1","total":"2"}}]}', 'cdrs.0.voucher.total'],
    ['{"cdrs":[],"cdrs":[{}]}', 'cdrs'],
    ['{"cdrs":[{"__proto__":{},"__proto__":{}}]}', 'cdrs.0.__proto__'],
  ])('a key twice in one object: %s', async (text, path) => {
    const { status, body } = await raw(text);
    expect([status, body.code, body.errors]).toEqual([400, 'invalidJson', [{ path, message: 'stands twice' }]]);
    expect(body.detail).toContain(`stands twice at ${path}`);
  });

  test('a connection goes on after a refusal', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = (method: string, path: string, body: Buffer) =>
      new Promise<number>((resolve, reject) => {
        const asking = httpRequest(
          world.url + path,
          { method, agent, headers: { 'content-length': body.length } },
          (response) => {
            response.resume().on('end', () => resolve(response.statusCode ?? 0));
          },
        );
        asking.on('error', reject).end(body);
      });
    const large = Buffer.alloc(MAX_BODY_BYTES + 1, 'x');
    const asked: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      asked.push(await ask('POST', '/v1/cdrs', large), await ask('DELETE', '/v1/cdrs', large));
      asked.push(await ask('POST', '/nowhere', large.subarray(1)), await ask('GET', '/healthz', Buffer.from('x')));
      await new Promise((resolve) => setTimeout(resolve, 600));
    }
    agent.destroy();
    expect(asked).toEqual([413, 413, 404, 200, 413, 413, 404, 200, 413, 413, 404, 200]);
  });

  test('too large, without saying so beforehand', async () => {
    const status = await new Promise<number>((resolve, reject) => {
      const sending = httpRequest(`${world.url}/v1/cdrs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
      });
      sending.on('response', (response) => resolve(response.resume().statusCode ?? 0));
      sending.on('error', reject);
      const piece = Buffer.alloc(256 * 1024, 'x');
      for (let i = 0; i < 10; i += 1) sending.write(piece);
      sending.end();
    });
    expect(status).toBe(413);
  });

  test('compressed', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const { status } = await answer(await fetch(`${world.url}/v1/cdrs`, { method: 'POST', headers, body: 'x' }));
    expect(status).toBe(415);
  });
});

test('a CDR is taken from providers only', async () => {
  const { status, body } = await world.signed(world.user, '/v1/cdrs', { body: { cdrs: [cdrOf(world.user)] } });
  expect([status, problemSchema.parse(body).code]).toEqual([403, 'notAProvider']);
});

test('a request that was signed for another server is refused, though its signature holds', async () => {
  const signature = await signRequest({ method: 'GET', url: 'http://evil.example/v1/cdrs' }, world.provider);
  const { port } = new URL(world.url);
  const response = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path: '/v1/cdrs',
      headers: { ...signature, host: 'evil.example' },
    };
    const sending = httpRequest(options, (answered) => {
      let text = '';
      answered.on('data', (chunk) => {
        text += chunk;
      });
      answered.on('end', () => resolve({ status: answered.statusCode ?? 0, text }));
    });
    sending.on('error', reject).end();
  });
  expect([response.status, problemSchema.parse(JSON.parse(response.text)).code]).toEqual([401, 'authorityForeign']);
});
