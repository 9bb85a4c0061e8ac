import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  contentDigest,
  type HttpRequest,
  SignatureError,
  type SignOptions,
  signRequest,
} from '../../protocol/sign/http-signature.ts';
import { keyOf } from '../../protocol/sign/key.ts';
import { verifyUsual } from './usual.ts';
import { type Verified, verifyRequest } from './verify.ts';

const account = keyOf(new Uint8Array(32).fill(7));
const other = keyOf(new Uint8Array(32).fill(8));
const created = 1_800_000_000;
const now = created * 1000;
const body = '{"cdrs":[]}';

type Sent = { request: HttpRequest; body: Uint8Array };

async function send(
  given: { method?: string; url?: string; body?: string | Uint8Array } = {},
  options: SignOptions = {},
): Promise<Sent> {
  const { method = 'POST', url = 'http://api.example/v1/cdrs?limit=1', body: sent = body } = given;
  const headers = {
    'content-type': 'application/json',
    'x-note': 'one',
    ...(options.components?.includes('krypton-delegation') && { 'krypton-delegation': 'a;b' }),
  };
  const signed = await signRequest({ method, url, headers, body: sent }, account, { created, ...options });
  const { host, pathname, search } = new URL(url);
  return {
    request: { method, scheme: 'http', host, target: pathname + search, headers: Object.entries(signed) },
    body: Buffer.from(sent),
  };
}

async function verdict(sent: Sent | Promise<Sent>, at = now): Promise<string> {
  const { request, body: bytes } = await sent;
  const found = await outcomeOf(verifyRequest(request, bytes, at));
  const byForm = await outcomeOf(verifyUsual(request, joined(request), bytes, at));
  // whatever it is asked for, the short way says the same, or leaves it to the long one
  if (byForm !== null) expect(byForm).toEqual(found);
  return typeof found === 'string' ? found : (found?.publicKey ?? '');
}

async function outcomeOf(verifying: Promise<Verified | null>): Promise<Verified | string | null> {
  try {
    return await verifying;
  } catch (error) {
    if (error instanceof SignatureError) return error.code;
    throw error;
  }
}

/** Headers as Node.js has them. */
function joined({ headers }: HttpRequest): Record<string, string> {
  const byName = Map.groupBy(headers, ([name]) => name.toLowerCase());
  return Object.fromEntries([...byName].map(([name, lines]) => [name, lines.map(([, value]) => value).join(', ')]));
}

/** The same request with one header written anew. */
async function rewrite(sent: Sent | Promise<Sent>, name: string, change: (value: string) => string): Promise<Sent> {
  const { request, body: bytes } = await sent;
  const headers = request.headers.map(([each, value]) => [each, each === name ? change(value) : value] as const);
  return { request: { ...request, headers }, body: bytes };
}

test('what was signed is verified', async () => {
  expect(await verdict(send())).toBe(account.publicKey);
  expect(await verdict(send({ method: 'GET', body: '' }))).toBe(account.publicKey);
  const components = ['content-type', 'x-note', '@target-uri', '@scheme', '@request-target'];
  expect(await verdict(send({}, { components, expires: created + 5 }))).toBe(account.publicKey);
});

test('what our own clients send goes the short way, and is refused there too', async () => {
  const delegated = { components: ['krypton-delegation'] };
  for (const [given, options] of [[{}], [{ method: 'GET', body: '' }], [{}, delegated]] as const) {
    const { request, body: bytes } = await send(given, options);
    expect((await verifyUsual(request, joined(request), bytes, now))?.publicKey).toBe(account.publicKey);
    const elsewhere = { ...request, host: 'other.example' };
    expect(await outcomeOf(verifyUsual(elsewhere, joined(request), bytes, now))).toBe('signatureInvalid');
  }
});

describe('any request', () => {
  const target = fc.record({
    path: fc.webPath(),
    query: fc.webQueryParameters(),
    method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
    body: fc.uint8Array({ maxLength: 200 }),
  });

  test('is verified as it was signed', async () => {
    await fc.assert(
      fc.asyncProperty(target, async ({ path, query, method, body: bytes }) => {
        const url = `http://api.example:8080${path}${query && `?${query}`}`;
        expect(await verdict(send({ method, url, body: bytes }))).toBe(account.publicKey);
      }),
      { numRuns: 100 },
    );
  });

  test('is refused where a byte of it is another one', async () => {
    const places = ['method', 'host', 'target', 'body', 'signature-input', 'signature', 'content-digest'] as const;
    await fc.assert(
      fc.asyncProperty(
        target,
        fc.constantFrom(...places),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (given, place, at, by) => {
          const { path, query, method } = given;
          const bytes = given.body.length > 0 ? given.body : new Uint8Array([1]);
          const sent = await send({
            method,
            url: `http://api.example:8080${path}${query && `?${query}`}`,
            body: bytes,
          });
          const altered = await alter(sent, place, at, by);
          fc.pre(!isSame(sent, altered));
          expect(await verdict(altered)).not.toBe(account.publicKey);
        },
      ),
      { numRuns: 250 },
    );
  });
});

async function alter(sent: Sent, place: string, at: number, by: number): Promise<Sent> {
  const { request, body: bytes } = sent;
  if (place === 'body') return { request, body: changed(bytes, at, by) };
  const text = (value: string) => Buffer.from(changed(Buffer.from(value, 'latin1'), at, by)).toString('latin1');
  if (place === 'method' || place === 'host' || place === 'target')
    return { request: { ...request, [place]: text(request[place]) }, body: bytes };
  return rewrite(sent, place, text);
}

function changed(bytes: Uint8Array, at: number, by: number): Uint8Array {
  return bytes.map((byte, i) => (i === at % bytes.length ? byte ^ by : byte));
}

/** Letter case of a host, and spaces around or between structured values, do not change what is said. */
function isSame(one: Sent, two: Sent): boolean {
  const bare = ({ request, body: bytes }: Sent) =>
    JSON.stringify([
      request.method,
      request.host.toLowerCase(),
      request.target,
      request.headers.map(([name, value]) => [name, value.replace(/[ \t]/g, '')]),
      Buffer.from(bytes).toString('hex'),
    ]);
  return bare(one) === bare(two);
}

describe('refused', () => {
  test('without signature', async () => {
    const { request, body: bytes } = await send();
    const without = (name: string) => request.headers.filter(([each]) => each !== name);
    for (const name of ['signature', 'signature-input'])
      expect(await verdict({ request: { ...request, headers: without(name) }, body: bytes })).toBe('signatureMissing');
    expect(await verdict({ request: { ...request, headers: without('content-digest') }, body: bytes })).toBe(
      'signatureIncomplete',
    );
  });

  test.each(['@method', '@authority', '@path', '@query', 'content-digest'])('without %s', async (name) => {
    const bare = rewrite(send(), 'signature-input', (value) => value.replace(`"${name}"`, ''));
    expect(await verdict(bare)).toMatch(/signatureIncomplete|signatureMalformed/);
  });

  test('with a digest of something else', async () => {
    const sent = await send();
    expect(await verdict({ ...sent, body: Buffer.from('{"cdrs":[{}]}') })).toBe('digestMismatch');
    expect(await verdict(rewrite(sent, 'content-digest', () => 'sha-512=:AAAA:'))).toBe('digestMismatch');
    expect(await verdict(rewrite(sent, 'content-digest', () => 'sha-256=what'))).toBe('digestMismatch');
    expect(await verdict(rewrite(sent, 'content-digest', () => '===='))).toBe('signatureMalformed');
  });

  test('too early, too late, expired', async () => {
    expect(await verdict(send(), now + 60_000)).toBe(account.publicKey);
    expect(await verdict(send(), now + 60_001)).toBe('signatureExpired');
    expect(await verdict(send(), now - 60_000)).toBe(account.publicKey);
    expect(await verdict(send(), now - 60_001)).toBe('signatureExpired');
    expect(await verdict(send({}, { expires: created + 5 }), now + 5_001)).toBe('signatureExpired');
  });

  test.each([
    [
      'a short nonce',
      (input: string) => input.replace(/nonce="[^"]*"/, 'nonce="fifteen-letters"'),
      'signatureIncomplete',
    ],
    ['no nonce', (input: string) => input.replace(/;nonce="[^"]*"/, ''), 'signatureIncomplete'],
    ['no created', (input: string) => input.replace(/;created=\d+/, ''), 'signatureIncomplete'],
    ['no keyid', (input: string) => input.replace(/;keyid="[^"]*"/, ''), 'signatureIncomplete'],
    [
      'a keyid off the curve',
      (input: string) => input.replace(/keyid="[^"]*"/, `keyid="02${'f'.repeat(64)}"`),
      'signatureIncomplete',
    ],
    ['another key', (input: string) => input.replace(account.publicKey, other.publicKey), 'signatureInvalid'],
    ['another alg', (input: string) => input.replace('ecdsa-p256-sha256', 'hmac-sha256'), 'signatureUnsupported'],
    ['a component twice', (input: string) => input.replace('"@path"', '"@path" "@path"'), 'signatureMalformed'],
    ['a component parameter', (input: string) => input.replace('"@path"', '"@path";req'), 'signatureUnsupported'],
    [
      'a component of responses',
      (input: string) => input.replace('"@path"', '"@path" "@status"'),
      'signatureUnsupported',
    ],
    [
      'a header that is not there',
      (input: string) => input.replace('"@path"', '"@path" "x-absent"'),
      'signatureIncomplete',
    ],
    ['upper case', (input: string) => input.replace('"@path"', '"@path" "X-Note"'), 'signatureMalformed'],
    ['no list', () => 'sig=1', 'signatureMalformed'],
    ['no dictionary', () => '"', 'signatureMalformed'],
    ['another label', (input: string) => input.replace(/^sig/, 'other'), 'signatureMalformed'],
  ])('with %s', async (_, change, code) => {
    expect(await verdict(rewrite(send(), 'signature-input', change))).toBe(code);
  });
});

/** Every type of RFC 9651, as the value of a parameter. */
const values = [
  '@1234',
  '@-1',
  '%"f%c3%bc, =(\\"',
  'tok/en:*',
  '1.0',
  '-12.5',
  '7',
  '?0',
  '?1',
  ':AAAA:',
  '"a, b=(\\""',
];

describe("another party's signature does not touch ours", () => {
  const beside = async (input: string, signature: string) => {
    const both = rewrite(send(), 'signature-input', (value) => (input ? `${input}, ${value}` : value));
    return verdict(rewrite(both, 'signature', (value) => `${signature}, ${value}`));
  };

  test.each(values)('a parameter of it is %s', async (value) => {
    expect(await beside(`proxy=("@method";q=${value} "x");x=${value};keyid="proxy"`, 'proxy=:AAAA:')).toBe(
      account.publicKey,
    );
    expect(await beside(`proxy=("@method");x=${value}`, `proxy=:AAAA:;x=${value}`)).toBe(account.publicKey);
  });

  test.each([...values, '(@5 1.0)', 'never so', ''])('it is no signature: %j', async (value) => {
    expect(await beside(`proxy=${value}`, `proxy=${value}`)).toBe(account.publicKey);
    expect(await beside('', `proxy=${value}`)).toBe(account.publicKey);
  });

  test('it covers all that ours covers, by a key of another kind', async () => {
    const all = '("@method" "@authority" "@path" "@query" "content-digest")';
    for (const parameters of ['created=1;keyid="proxy";alg="rsa-pss-sha512"', 'created=@1;tag="proxy"', 'keyid=:AAAA:'])
      expect(await beside(`proxy=${all};${parameters}`, 'proxy=:AAAA:')).toBe(account.publicKey);
  });

  test('and it does not stand for ours: where ours is missing or wrong, that is told', async () => {
    const foreign = (input: string) => `proxy=("@method");created=@1;keyid="proxy", ${input}`;
    const altered = rewrite(send(), 'signature-input', (input) =>
      foreign(input.replace('"@path"', '"@path" "x-note"')),
    );
    expect(await verdict(rewrite(altered, 'signature', (value) => `proxy=:AAAA:, ${value}`))).toBe('signatureInvalid');
    const alone = rewrite(send(), 'signature-input', () => 'proxy=("@method");created=@1;keyid="proxy"');
    expect(await verdict(alone)).toBe('signatureIncomplete');
  });

  test('a digest beside ours may be of any form', async () => {
    const sent = rewrite(send(), 'content-digest', (value) => `unknown=@5;x=1.0, ${value}`);
    expect(await verdict(sent)).toBe('signatureInvalid'); // read well, but not what was signed
  });

  test('more than four of them are refused', async () => {
    const many = Array.from({ length: 4 }, (_, i) => `p${i}=("@method")`).join(', ');
    expect(await beside(many, 'p0=:AAAA:')).toBe('signatureMalformed');
  });
});

test.each(values)('a parameter of our own may be %s', async (value) => {
  const sent = await send();
  const covered = '("@method" "@authority" "@path" "@query" "content-digest")';
  const parameters = `${covered};created=${created};x=${value};nonce="0123456789abcdef";keyid="${account.publicKey}"`;
  const canonical = parameters.replace(';x=?1', ';x');
  const lines = [
    '"@method": POST',
    '"@authority": api.example',
    '"@path": /v1/cdrs',
    '"@query": ?limit=1',
    `"content-digest": ${contentDigest(sent.body)}`,
    `"@signature-params": ${canonical}`,
  ];
  const signature = Buffer.from(await account.sign(Buffer.from(lines.join('\n')))).toString('base64');
  const signed = rewrite(sent, 'signature-input', () => `sig=${parameters}`);
  expect(await verdict(rewrite(signed, 'signature', () => `sig=:${signature}:`))).toBe(account.publicKey);
});

test('of several signatures of ours the first that holds counts', async () => {
  const wrong = 'old=("@method" "@authority" "@path" "@query" "content-digest")';
  const input = `${wrong};created=${created};nonce="0123456789abcdef";keyid="${other.publicKey}", `;
  const both = rewrite(send(), 'signature-input', (value) => input + value);
  expect(await verdict(rewrite(both, 'signature', (value) => `old=:AAAA:, ${value}`))).toBe(account.publicKey);
});
