import { describe, expect, test } from 'vitest';
import { ConfigError } from '../process/config.ts';
import { loadApiConfig } from './config.ts';

const needed = {
  KRYPTON_DATABASE_URL: 'postgres://localhost/krypton',
  KRYPTON_REDIS_URL: 'redis://localhost',
  KRYPTON_RPC_URL: 'http://127.0.0.1:10332',
  KRYPTON_NETWORK: '860833102',
  KRYPTON_CONTRACT: `0x${'c0'.repeat(20)}`,
};
const load = (own: Record<string, string>) => loadApiConfig({ ...needed, ...own });

/** The message names the variable and says what is expected. */
function refusalOf(own: Record<string, string>): string {
  try {
    load(own);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'it starts';
}

test('left out, it listens on this machine, lets all pages read, and knows itself by its address', () => {
  expect(load({})).toMatchObject({ apiHost: '127.0.0.1', apiPort: 8080, corsOrigin: ['*'], apiAuthority: undefined });
});

describe('KRYPTON_API_AUTHORITY', () => {
  test.each([
    ['api.example.org', ['api.example.org']],
    ['API.Example.ORG', ['api.example.org']],
    ['api.example.org:443', ['api.example.org']],
    ['api.example.org:80', ['api.example.org']],
    ['api.example.org:8443, localhost:8080', ['api.example.org:8443', 'localhost:8080']],
    ['a.example,a.example:443', ['a.example']],
    ['10.0.0.7:08080', ['10.0.0.7:8080']],
    ['[::1]:8080', ['[::1]:8080']],
    ['[0:0:0::1],[2001:DB8::0:1]:443', ['[::1]', '[2001:db8::1]']],
    ['bücher.example', ['xn--bcher-kva.example']],
  ])('%s', (text, expected) => {
    expect(load({ KRYPTON_API_AUTHORITY: text }).apiAuthority).toEqual(expected);
  });

  test.each([
    ...['https://api.example.org', 'http://api.example.org:8443', 'api.example.org/', 'api.example.org/v1'],
    ...['api.example.org?x', 'user@api.example.org', 'a.example,', ',', ' ', 'a.example,,b.example', 'a b'],
    ...['::1', '[::1', '::1:8080', '[::g]', 'a.example:', 'a.example:0', 'a.example:65536', 'a.example:x', '*', '-'],
  ])('%j does not start', (text) => {
    expect(refusalOf({ KRYPTON_API_AUTHORITY: text })).toMatch(
      /^KRYPTON_API_AUTHORITY: .*expected public names .* without scheme and path, e\.g\. api\.example\.org/,
    );
  });
});

describe('KRYPTON_CORS_ORIGIN', () => {
  test.each([
    ['*', ['*']],
    ['https://phone.example.org', ['https://phone.example.org']],
    ['HTTPS://Phone.Example.org:443', ['https://phone.example.org']],
    ['http://localhost:5173, http://[::1]:5173', ['http://localhost:5173', 'http://[::1]:5173']],
    ['capacitor://localhost', ['capacitor://localhost']],
  ])('%s', (text, expected) => {
    expect(load({ KRYPTON_CORS_ORIGIN: text }).corsOrigin).toEqual(expected);
  });

  test.each([
    ...['https://phone.example.org/', 'https://phone.example.org/app', 'phone.example.org', 'https://', 'null'],
    ...['https://*.example.org', 'https://a.example,', 'https://user@a.example', 'https://a.example:99999', ' '],
  ])('%j does not start', (text) => {
    expect(refusalOf({ KRYPTON_CORS_ORIGIN: text })).toMatch(
      /^KRYPTON_CORS_ORIGIN: .*expected origins of pages, .*without path and trailing slash/,
    );
  });
});

describe('KRYPTON_API_HOST and KRYPTON_API_PORT', () => {
  test.each([
    ['0.0.0.0', '0.0.0.0'],
    ['::', '::'],
    ['[::1]', '::1'],
    ['localhost', 'localhost'],
  ])('%s', (text, expected) => expect(load({ KRYPTON_API_HOST: text }).apiHost).toBe(expected));

  test.each(['http://localhost', '127.0.0.1:8080', 'localhost:80', '127.0.0', '256.1.1.1', 'a b', '*', '[::'])(
    '%j does not start',
    (text) => expect(refusalOf({ KRYPTON_API_HOST: text })).toMatch(/^KRYPTON_API_HOST: expected an address or a name/),
  );

  test.each(['65536', '-1', '80a', '8080 '])('port %j does not start', (text) =>
    expect(refusalOf({ KRYPTON_API_PORT: text })).toMatch(/^KRYPTON_API_PORT: expected a TCP port/),
  );
});
