import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { problemSchema, problems } from '../protocol/api/problem.ts';
import { healthSchema } from '../protocol/api/status.ts';
import {
  type ApiWorld,
  answer,
  cdrOf,
  createApiWorld,
  deployProviders,
  environment,
  moveTo,
  signedRequest,
  urlOf,
} from './api-world.ts';
import { startService } from './harness/services.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await createApiWorld();
  for (let height = 1; height <= 3; height += 1) await moveTo(world, height);
});
afterAll(() => world.destroy());

describe('the surface', () => {
  test('what is not there is a problem too', async () => {
    for (const path of ['/nowhere', '/v1', '/v1/', '/v1/escrows/1/', '/v1/providers/x/y', '//']) {
      const { status, body, headers } = await world.get(path);
      expect([status, headers.get('content-type')]).toEqual([404, 'application/problem+json']);
      expect(problemSchema.strict().parse(body)).toMatchObject({ code: 'notFound', errors: [] });
    }
  });

  test('whatever is asked, the server does not fail', async () => {
    const odd = fc.oneof(
      fc.string({ unit: 'binary' }).map(encodeURIComponent),
      fc.constantFrom(
        '%00',
        '%FF',
        '%',
        '..',
        '0',
        '-1',
        '1e9',
        '9999-12-31T23:59:59Z',
        '0000-01-01T00:00:00Z',
        'N',
        '[]',
      ),
      fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)).toString('base64url')),
      fc
        .tuple(fc.string({ unit: 'binary' }), fc.integer())
        .map((key) => Buffer.from(JSON.stringify(key)).toString('base64url')),
    );
    const path = fc.oneof(
      fc
        .tuple(fc.constantFrom('providers', 'users', 'escrows', 'settlements', 'cdrs', 'proofs/cdr', 'events'), odd)
        .map((parts) => `/v1/${parts.join('/')}`),
      fc.tuple(odd, odd).map((parts) => `/query/${parts.join('/')}`),
      fc
        .tuple(
          fc.constantFrom('providers', 'escrows', 'settlements', 'cdrs'),
          fc.constantFrom(
            'q',
            'sort',
            'state',
            'cursor',
            'limit',
            'user',
            'provider',
            'since',
            'until',
            'callId',
            '__proto__',
          ),
          odd,
        )
        .map(([resource, name, value]) => `/v1/${resource}?${name}=${value}`),
    );
    await fc.assert(
      fc.asyncProperty(path, async (asked) => {
        const { status, body } = await world.get(asked);
        expect([asked, status < 500, JSON.stringify(body)]).toEqual([
          asked,
          true,
          expect.not.stringMatching(/node:|\.ts:/),
        ]);
      }),
      { numRuns: 500 },
    );
  }, 60_000); // some hundred questions, on a machine that may be busy

  test('wherever a stream is to begin, the server does not fail', async () => {
    const digits = fc.stringMatching(/^[0-9]{0,20}$/);
    const odd = fc.oneof(fc.string(), digits, fc.stringMatching(/^[0-9]{1,11}\.[0-9]{0,11}(-[0-9]{0,20})?$/));
    const name = fc.constantFrom('since', 'lastEventId', 'escrow', 'provider', 'user', '__proto__');
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('/v1/events', '/v1/cdrs/events'), name, odd, async (path, parameter, value) => {
        const { status, body } = await fetch(`${world.url}${path}?${new URLSearchParams({ [parameter]: value })}`);
        await body?.cancel();
        expect([200, 400, 401, 409]).toContain(status);
      }),
      { numRuns: 300 },
    );
  });

  test('another method: 405, with those that are taken', async () => {
    const ask = async (method: string, path: string) => answer(await fetch(world.url + path, { method }));
    const refused = await ask('DELETE', '/v1/cdrs');
    expect([refused.status, refused.body.code]).toEqual([405, 'methodNotAllowed']);
    expect(refused.headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'HEAD', 'POST']);
    expect((await ask('POST', '/v1/escrows/1')).headers.get('allow')).toBe('GET, HEAD');
    expect((await ask('PUT', '/nowhere')).status).toBe(404);
  });

  test('HEAD answers like GET, without a body', async () => {
    for (const path of ['/v1/status', '/v1/escrows', '/healthz', '/openapi.json', '/docs']) {
      const head = await fetch(world.url + path, { method: 'HEAD' });
      expect([path, head.status, await head.text()]).toEqual([path, 200, '']);
    }
    const { headers } = await fetch(`${world.url}/v1/escrows`, { method: 'HEAD' });
    expect(headers.get('krypton-height')).toBe('3');
  });

  test('browsers may ask from anywhere, and read what they need', async () => {
    const origin = { Origin: 'https://phone.example' };
    const preflight = await fetch(`${world.url}/v1/cdrs`, {
      method: 'OPTIONS',
      headers: { ...origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'signature' },
    });
    expect(preflight.status).toBe(204);
    for (const name of ['Signature-Input', 'Last-Event-ID'])
      expect(preflight.headers.get('access-control-allow-headers')).toContain(name);
    for (const path of ['/v1/escrows', '/v1/escrows/99', '/v1/cdrs', '/nowhere']) {
      const { headers } = await world.get(path, origin);
      expect([path, headers.get('access-control-allow-origin')]).toEqual([path, '*']);
      expect(headers.get('access-control-expose-headers')).toContain('Krypton-Height');
    }
  });

  test('what is no HTTP request is refused without a stack', async () => {
    for (const text of [
      'NONSENSE\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    ]) {
      const reply = await exchange(text);
      expect(reply).toMatch(/^HTTP\/1.1 4\d\d /);
      expect(reply).toContain('application/problem+json');
      expect(reply).not.toContain(' at ');
    }
  });

  test('the document describes every operation, and all that it refers to is in it', async () => {
    const { body, status } = await world.get('/openapi.json');
    expect(status).toBe(200);
    expect(body.openapi).toBe('3.1.0');
    const references = [...JSON.stringify(body).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
      ([, name]) => name,
    );
    expect(references.filter((name) => !(name && name in body.components.schemas))).toEqual([]);
    const operations = Object.entries<Record<string, Operation>>(body.paths).flatMap(([path, item]) =>
      Object.values(item).map((operation) => ({ path, ...operation })),
    );
    expect(operations).toHaveLength(26);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    for (const { path, parameters = [], responses } of operations) {
      const inPath = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
      expect(inPath.sort()).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort());
      for (const { description } of Object.values(responses)) expect(description).not.toBe('');
    }
    for (const pattern of JSON.stringify(body).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g))
      expect(() => new RegExp(JSON.parse(pattern[1] ?? ''), 'u')).not.toThrow();
  });

  test('the page for people has every code at its place, and all of its files are here', async () => {
    const { body, headers, status } = await world.get('/docs');
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=UTF-8']);
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
    expect(headers.get('content-security-policy')).not.toContain('unsafe');
    for (const code of Object.keys(problems)) expect(body).toContain(`<tr id="${code}">`);
    expect(body).not.toMatch(/https?:|style=|<style|<script>/);
    const files = [...body.matchAll(/(?:href|src)="(docs\/[^"]+)"/g)].map(([, name]) => name);
    expect(files).toHaveLength(4);
    for (const file of files) {
      const { status: found, headers: sent } = await world.get(`/${file}`);
      expect([file, found, sent.get('content-type')]).toEqual([
        file,
        200,
        expect.stringMatching(/^text\/(css|javascript); charset=utf-8$/),
      ]);
    }
    const script = async (encoding: string) => {
      const asked = await fetch(`${world.url}/docs/swagger-ui.js`, { headers: { 'accept-encoding': encoding } });
      return { encoding: asked.headers.get('content-encoding'), text: await asked.text() };
    };
    const [zipped, plain, refused] = await Promise.all(['br, gzip', 'identity', 'gzip;q=0'].map(script));
    expect([zipped?.encoding, plain?.encoding, refused?.encoding]).toEqual(['gzip', null, null]);
    expect(zipped?.text).toBe(plain?.text);
    expect((await world.get('/')).headers.get('location')).toBe('/docs');
  });
});

type Operation = {
  operationId: string;
  parameters?: { name: string; in: string }[];
  responses: Record<string, { description: string }>;
};

describe('without what it stands on', () => {
  test('Postgres away: 503, and back by itself', async () => {
    const { port, pathname, username, password } = new URL(world.databaseUrl);
    const gate = await openGate(Number(port));
    const url = `postgres://${username}${password && `:${password}`}@127.0.0.1:${gate.port}${pathname}`;
    const service = await startService('api', environment(url, world.redisUrl));
    try {
      const base = await urlOf(service);
      expect((await fetch(`${base}/v1/escrows`)).status).toBe(200);
      await gate.close();
      for (const path of ['/v1/escrows', '/v1/status', `/query/uuid/${world.user.address}`]) {
        const { status, body } = await answer(await fetch(base + path));
        expect([path, status, body.code]).toEqual([path, 503, 'databaseUnavailable']);
      }
      const posted = await signedRequest(base, world.provider, '/v1/cdrs', { body: { cdrs: [cdrOf(world.user)] } });
      expect((await fetch(posted)).status).toBe(503);
      const ready = await answer(await fetch(`${base}/readyz`));
      expect([ready.status, healthSchema.parse(ready.body).checks.postgres]).toEqual([503, 'away']);
      expect((await fetch(`${base}/healthz`)).status).toBe(200);
      await gate.open();
      expect((await fetch(`${base}/v1/escrows`)).status).toBe(200);
      const waiting = fetch(`${base}/v1/escrows`, { headers: { 'Min-Height': '4' } });
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await moveTo(world, 4);
      expect((await waiting).status).toBe(200);
    } finally {
      await service.kill();
      await gate.close();
    }
  });

  test('connections that break under way: 200 or 503, and never the end of the process', async () => {
    const kill = sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`;
    const seen = new Set<number>();
    for (let round = 0; round < 20; round += 1) {
      const asked = Array.from({ length: 20 }, () => world.get('/v1/escrows'));
      await kill.execute(world.db);
      for (const { status } of await Promise.all(asked)) seen.add(status);
    }
    expect([...seen].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect((await world.get('/v1/escrows')).status).toBe(200);
  });

  test('Redis and node away: CDRs are taken, figures are null', async () => {
    const nowhere = { KRYPTON_REDIS_URL: 'redis://127.0.0.1:9', KRYPTON_RPC_URL: 'http://127.0.0.1:9' };
    const service = await startService('api', { ...environment(world.databaseUrl, ''), ...nowhere });
    await deployProviders(world, world.provider);
    try {
      const base = await urlOf(service);
      const posted = await signedRequest(base, world.provider, '/v1/cdrs', { body: { cdrs: [cdrOf(world.user)] } });
      const { status, body } = await answer(await fetch(posted));
      expect([status, body.cdrs[0].verdict]).toEqual([202, 'accepted']);
      expect((await answer(await fetch(`${base}/v1/status`))).body).toMatchObject({ nodeHeight: null, lag: null });
      const ready = await answer(await fetch(`${base}/readyz`));
      expect([ready.status, ready.body.checks.redis, ready.body.checks.postgres]).toEqual([503, 'away', 'ok']);
    } finally {
      await service.kill();
    }
  });

  test('an index of another contract is not shown', async () => {
    const other = { KRYPTON_CONTRACT: `0x${'dd'.repeat(20)}` };
    const service = await startService('api', { ...environment(world.databaseUrl, world.redisUrl), ...other });
    const { status, body } = await answer(await fetch(`${await urlOf(service)}/v1/escrows`));
    expect([status, body.code]).toEqual([503, 'indexNotReady']);
    await service.kill();
  });

  test('at its end it answers what is under way, and ends in order', async () => {
    const service = await startService('api', environment(world.databaseUrl, world.redisUrl));
    const waiting = fetch(`${await urlOf(service)}/v1/escrows`, { headers: { 'Min-Height': '1000' } });
    await new Promise((resolve) => setTimeout(resolve, 500));
    const started = Date.now();
    await service.stop();
    expect((await waiting).status).toBe(503);
    expect((await waiting).status).toBe(503);
    expect(await service.ended).toBe(0);
    expect(Date.now() - started).toBeLessThan(3_000);
    expect(service.log()).not.toContain('"level":50');
  });
});

/** Says some bytes to the server, and answers all that it says. */
function exchange(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(world.url).port), '127.0.0.1', () => socket.write(text));
    let reply = '';
    socket.on('data', (chunk) => {
      reply += chunk;
      socket.end();
    });
    socket.on('close', () => resolve(reply));
    socket.on('error', reject);
  });
}

/** A way to Postgres that can be shut. */
async function openGate(to: number) {
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let port = 0;
  const open = () =>
    new Promise<void>((resolve) => {
      const opened = createServer((from) => {
        const onward = connect(to, '127.0.0.1');
        for (const [one, other] of [
          [from, onward],
          [onward, from],
        ] as const) {
          sockets.add(one);
          one.on('error', () => {}).on('close', () => other.destroy());
          one.pipe(other);
        }
      });
      server = opened;
      opened.listen(port, '127.0.0.1', () => {
        port = (opened.address() as AddressInfo).port;
        resolve();
      });
    });
  const close = () =>
    new Promise<void>((resolve) => {
      server?.close(() => resolve());
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    });
  await open();
  return { port, open, close };
}
