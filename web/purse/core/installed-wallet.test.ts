import { describe, expect, test } from 'vitest';
import { contentBytes, messageOfContent } from '../../../protocol/contract/transaction.ts';
import { delegationFault, delegationScope, delegationStatement } from '../../../protocol/sign/delegation.ts';
import { createKey } from '../../../protocol/sign/key.ts';
import { isSignatureValid } from '../../../protocol/sign/p256.ts';
import { type Wrapping, wrapMessage } from '../../../protocol/sign/wallet-message.ts';
import { base64OfBytes, bytesOfBase64 } from '../../../protocol/types/bytes.ts';
import { datoshi } from '../../../protocol/types/datoshi.ts';
import type { ScriptHash } from '../../../protocol/types/hash.ts';
import { height } from '../../../protocol/types/height.ts';
import { scriptOfAction } from './action.ts';
import { findDelegate, makeDelegate, readStatement } from './delegate.ts';
import { deviceKeys } from './device-key.ts';
import { type DapiProvider, findWallet, firstAddress, signStatement, signWithWallet } from './installed-wallet.ts';
import { isRefusal } from './refusal.ts';
import { memoryStore } from './store.ts';

const contract = `0x${'c0'.repeat(20)}` as ScriptHash;
const network = 7;
const key = createKey();
const terms = {
  network,
  contract,
  delegate: createKey().publicKey,
  notAfter: Date.now() + 1_000_000,
  scope: delegationScope.both,
};
const statement = delegationStatement(terms);

type Answers = { wrapping?: Wrapping; message?: object; context?: object };

function walletOf({ wrapping = { form: 'nep21' }, message = {}, context = {} }: Answers = {}): DapiProvider {
  return {
    name: 'Test',
    network,
    compatibility: ['NEP-21'],
    getAccounts: async () => [{ address: key.address }],
    signMessage: async (given) => {
      const payload = wrapMessage(bytesOfBase64(given), wrapping);
      const signature = base64OfBytes(await key.sign(payload));
      return { payload: base64OfBytes(payload), signature, pubkey: key.publicKey, ...message };
    },
    sign: async (given) => {
      const { data, items } = given as { data: string; items: Record<string, object> };
      const signature = base64OfBytes(await key.sign(messageOfContent(bytesOfBase64(data), network)));
      const [account = ''] = Object.keys(items);
      return { items: { [account.slice(2)]: { signatures: { [key.publicKey]: signature } } }, ...context };
    },
  };
}

describe('a delegation', () => {
  const forms: Wrapping[] = [{ form: 'raw' }, { form: 'nep21' }, { form: 'legacy', salt: '0a1B'.repeat(8) }];
  test.each(forms)('signed by a wallet that wraps as $form is one of ours', async (wrapping) => {
    const made = await signStatement(walletOf({ wrapping }), key.address, terms, statement);
    if (isRefusal(made)) throw new Error(made.code);
    expect(made).toMatchObject(wrapping);
    const use = { network, contract, key: terms.delegate, needs: 'read', nowMs: Date.now() } as const;
    expect(delegationFault(made, use)).toBeNull();
  });

  test.each([
    ['another account', { pubkey: createKey().publicKey }, 'walletUnable'],
    ['a payload of another form', { payload: base64OfBytes(new Uint8Array(9)) }, 'walletUnable'],
    ['a signature of something else', { signature: base64OfBytes(new Uint8Array(64).fill(1)) }, 'wrongSignature'],
    ['no key', { pubkey: undefined }, 'walletUnable'],
  ])('with %s is refused', async (_, message, code) => {
    expect(await signStatement(walletOf({ message }), key.address, terms, statement)).toMatchObject({ code });
  });

  test('is kept, found again until it ends soon, and is for its account, network and contract alone', async () => {
    const store = memoryStore();
    let now = new Date();
    const deps = { store, keys: deviceKeys(store), address: key.address, network, contract, now: () => now };
    expect(await findDelegate(deps)).toBeNull();
    const made = await makeDelegate(deps, (given, bytes) => signStatement(walletOf(), key.address, given, bytes));
    if (isRefusal(made)) throw new Error(made.code);
    const found = await findDelegate(deps);
    expect(found?.delegation).toEqual(made.delegation);
    const message = new Uint8Array([1, 2, 3]);
    const signature = await (found as NonNullable<typeof found>).signer.sign(message);
    expect(isSignatureValid(made.delegation.delegate, message, signature)).toBe(true);
    expect(await findDelegate({ ...deps, network: 8 })).toBeNull();
    expect(await findDelegate({ ...deps, address: createKey().address })).toBeNull();
    now = new Date(Date.now() + 29.5 * 86_400_000);
    expect(await findDelegate(deps)).toBeNull();
  });

  test('of another account than the purse has is refused', async () => {
    const store = memoryStore();
    const deps = { store, keys: deviceKeys(store), address: createKey().address, network, contract };
    const made = await makeDelegate({ ...deps, now: () => new Date() }, (given, bytes) =>
      signStatement(walletOf(), key.address, given, bytes),
    );
    expect(made).toMatchObject({ code: 'wrongSignature' });
    expect(await store.all('delegations')).toEqual([]);
  });
});

test('a statement is read from its bytes, and other bytes are none', () => {
  expect(readStatement(statement)).toEqual({
    network,
    contract,
    until: new Date(terms.notAfter),
    reads: true,
    registers: true,
  });
  const read = delegationStatement({ ...terms, scope: delegationScope.read });
  expect(readStatement(read)).toMatchObject({ reads: true, registers: false });
  expect(readStatement(statement.with(0, 0))).toBeNull();
  expect(readStatement(statement.subarray(1))).toBeNull();
});

describe('a transaction', () => {
  const content = contentBytes(
    {
      script: scriptOfAction({ kind: 'close', id: 1n }, { address: key.address, contract }),
      nonce: 1,
      validUntilBlock: height(9),
      systemFee: datoshi(1n),
      networkFee: datoshi(1n),
    },
    key.address,
  );

  test('is signed over the bytes that were shown', async () => {
    const signature = await signWithWallet(walletOf(), key, content, network);
    if (!(signature instanceof Uint8Array)) throw new Error(signature.code);
    expect(isSignatureValid(key.publicKey, messageOfContent(content, network), signature)).toBe(true);
  });

  test('is not signed on another network, by a wallet that says no, or gives nothing of use', async () => {
    expect(await signWithWallet(walletOf(), key, content, 8)).toMatchObject({ code: 'walletUnable' });
    const throwing = (error: unknown) => ({ ...walletOf(), sign: () => Promise.reject(error) });
    expect(await signWithWallet(throwing({ code: 10_006 }), key, content, network)).toMatchObject({ code: 'declined' });
    expect(await signWithWallet(throwing(new Error('broken')), key, content, network)).toEqual({
      kind: 'refused',
      code: 'walletUnable',
      detail: 'broken',
    });
    for (const context of [{ items: {} }, { items: 7 }, { items: { x: { signatures: {} } } }])
      expect(await signWithWallet(walletOf({ context }), key, content, network)).toMatchObject({
        code: 'walletUnable',
      });
  });
});

describe('a wallet', () => {
  test('is found when it says that it is ready, also before it is asked', async () => {
    const target = new EventTarget();
    const provider = walletOf();
    target.addEventListener('Neo.DapiProvider.request', () =>
      target.dispatchEvent(new CustomEvent('Neo.DapiProvider.ready', { detail: { provider } })),
    );
    expect(await findWallet(target)).toBe(provider);
    expect(await firstAddress(provider)).toBe(key.address);
  });

  test('is none where nobody answers, or what answers is of another standard', async () => {
    expect(await findWallet(new EventTarget(), 10)).toBeNull();
    const target = new EventTarget();
    target.addEventListener('Neo.DapiProvider.request', () => {
      for (const detail of [null, {}, { provider: {} }, { provider: { ...walletOf(), compatibility: ['NEP-20'] } }])
        target.dispatchEvent(new CustomEvent('Neo.DapiProvider.ready', { detail }));
    });
    expect(await findWallet(target, 10)).toBeNull();
    expect(await firstAddress({ ...walletOf(), getAccounts: async () => [] })).toMatchObject({ code: 'walletUnable' });
  });
});
