import { expect, test } from 'vitest';
import { keyOf } from '../../protocol/sign/key.ts';
import { isSignatureValid } from '../../protocol/sign/p256.ts';
import { deviceKeyOf, makePrivateKey, pkcs8Of, signerOf } from './device-key.ts';

test('a key that the browser made signs as the same account, and is not given away', async () => {
  const privateKey = await makePrivateKey();
  const held = keyOf(privateKey);
  const key = await deviceKeyOf(privateKey);
  const signer = signerOf(held.publicKey, key);
  expect(signer).toMatchObject({ address: held.address, verificationScript: held.verificationScript });
  const message = Uint8Array.of(1, 2, 3);
  expect(isSignatureValid(held.publicKey, message, await signer.sign(message))).toBe(true);
  expect(key.extractable).toBe(false);
  await expect(crypto.subtle.exportKey('pkcs8', key)).rejects.toThrow();
});

test('each key is another one', async () => {
  expect(await makePrivateKey()).not.toEqual(await makePrivateKey());
});

test('PKCS#8 is written as WebCrypto itself writes it', async () => {
  const privateKey = await makePrivateKey();
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const key = await crypto.subtle.importKey('pkcs8', pkcs8Of(privateKey), algorithm, true, ['sign']);
  expect(new Uint8Array(await crypto.subtle.exportKey('pkcs8', key))).toEqual(pkcs8Of(privateKey));
});
