import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { type InnerList, parseDictionary } from 'structured-headers';
import { expect, test } from 'vitest';
import { contentDigest, type HttpRequest, signatureBase } from '../../protocol/sign/http-signature.ts';
import { isSignatureValid } from '../../protocol/sign/p256.ts';
import { publicKeySchema } from '../../protocol/types/public-key.ts';

/** The published examples of RFC 9421: keys of appendix B.1, the request of B.2. */
const ed25519 = publicKeyOf('MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=');
const p256 = publicKeyOf(
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lfw0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==',
);
const request: HttpRequest = {
  method: 'POST',
  scheme: 'https',
  host: 'Example.com:443',
  target: '/foo?param=Value&Pet=dog',
  headers: [
    ['Date', 'Tue, 20 Apr 2021 02:07:55 GMT'],
    ['Content-Type', ' application/json '],
    ['Content-Length', '18'],
    ['Cache-Control', '  max-age=60 '],
    ['cache-control', '    must-revalidate'],
  ],
};

function publicKeyOf(spki: string): KeyObject {
  return createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' });
}

const covered = (input: string) => parseDictionary(`sig=${input}`).get('sig') as InnerList;

test('B.2.6: the base of a request, and its signature', () => {
  const base = signatureBase(
    covered(
      '("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
    ),
    request,
  );
  expect(base).toBe(
    [
      '"date": Tue, 20 Apr 2021 02:07:55 GMT',
      '"@method": POST',
      '"@path": /foo',
      '"@authority": example.com',
      '"content-type": application/json',
      '"content-length": 18',
      '"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
    ].join('\n'),
  );
  const signature = 'wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==';
  expect(verify(null, Buffer.from(base), ed25519, Buffer.from(signature, 'base64'))).toBe(true);
});

test('B.2.4: the signature of a response by ecdsa-p256-sha256', () => {
  const base = [
    '"@status": 200',
    '"content-type": application/json',
    '"content-digest": sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:',
    '"content-length": 23',
    '"@signature-params": ("@status" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-ecc-p256"',
  ].join('\n');
  const signature = 'wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==';
  const { x = '', y = '' } = p256.export({ format: 'jwk' });
  const odd = (Buffer.from(y, 'base64url').at(-1) ?? 0) % 2 === 1;
  const key = publicKeySchema.parse(`${odd ? '03' : '02'}${Buffer.from(x, 'base64url').toString('hex')}`);
  expect(isSignatureValid(key, Buffer.from(base), Buffer.from(signature, 'base64'))).toBe(true);
});

test('section 2.1: lines of a header are trimmed and combined', () => {
  expect(lines('("cache-control")')).toEqual(['"cache-control": max-age=60, must-revalidate']);
});

test('section 2.2: derived components', () => {
  expect(lines('("@method" "@target-uri" "@authority" "@scheme" "@request-target" "@path" "@query")')).toEqual([
    '"@method": POST',
    '"@target-uri": https://example.com/foo?param=Value&Pet=dog',
    '"@authority": example.com',
    '"@scheme": https',
    '"@request-target": /foo?param=Value&Pet=dog',
    '"@path": /foo',
    '"@query": ?param=Value&Pet=dog',
  ]);
});

test.each([
  ['/path', '/path', '?'],
  ['/path?', '/path', '?'],
  ['/path?queryString', '/path', '?queryString'],
  ['/a%2Fb/?x=%20&y=?z', '/a%2Fb/', '?x=%20&y=?z'],
  ['https://proxied.example/p?q', '/p', '?q'],
])('path and query of %s', (target, path, query) => {
  expect(lines('("@path" "@query")', { target })).toEqual([`"@path": ${path}`, `"@query": ${query}`]);
});

test.each([
  ['http', 'a.example:80', 'a.example'],
  ['http', 'a.example:443', 'a.example:443'],
  ['https', 'A.EXAMPLE:8443', 'a.example:8443'],
  ['http', '[::1]:8080', '[::1]:8080'],
])('authority of %s://%s', (scheme, host, authority) => {
  expect(lines('("@authority")', { scheme, host })).toEqual([`"@authority": ${authority}`]);
});

test("RFC 9530's digest of the example's body", () => {
  expect(contentDigest(Buffer.from('{"hello": "world"}'))).toBe(
    'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:',
  );
});

function lines(input: string, given: Partial<HttpRequest> = {}): string[] {
  return signatureBase(covered(input), { ...request, ...given })
    .split('\n')
    .slice(0, -1);
}
