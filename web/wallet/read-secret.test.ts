import { expect, test } from 'vitest';
import { privateKeyOfWif, wifOf } from '../../protocol/sign/key.ts';
import { readSecret } from './read-secret.ts';

const wif = 'L1QqQJnpBwbsPGAuutuzPTac8piqvbR1HRjrY5qHup48TBCBFe4g';
const encrypted = '6PYUUUFei9PBBfVkSn8q7hFCnewWFRBKPxcn6Kz6Bmk3FqWyLyuTQE2XFH';

test('both forms are told apart, with the spaces that paper and chats bring', () => {
  expect(readSecret(` ${wif}\n`)).toEqual({ kind: 'wif', privateKey: privateKeyOfWif(wif) });
  expect(readSecret(encrypted.replace(/(.{4})/g, '$1 '))).toEqual({ kind: 'encrypted', text: encrypted });
});

test.each(['', 'password', `${wif}1`, wif.toLowerCase(), encrypted.slice(0, -1), encrypted.replace('6PY', '6PZ')])(
  "'%s' is neither",
  (text) => expect(readSecret(text)).toEqual({ kind: 'none' }),
);

test('a WIF is written as it was read', () => expect(wifOf(privateKeyOfWif(wif))).toBe(wif));
