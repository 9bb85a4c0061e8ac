import { expect, inject, test } from 'vitest';
import { readGasBalance, transferGas } from '../chain/gas.ts';
import { createKey } from '../protocol/sign/key.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import { datoshi, datoshiPerGas } from '../protocol/types/datoshi.ts';
import { isHighS } from './browser/page/reproduce.ts';
import { createWebCryptoKey } from './browser/page/webcrypto-key.ts';
import { createFundedAccount, testRpc } from './harness/accounts.ts';

/** A fair coin shows the same side so often once in 2^64 runs. */
const TRIES = 64;

/** The key, where only signatures count whose s is in the wanted half. */
function withHalf(key: Signer, high: boolean): Signer {
  const sign = async (message: Uint8Array) => {
    for (let tried = 0; tried < TRIES; tried += 1) {
      const signature = await key.sign(message);
      if (isHighS(signature) === high) return signature;
    }
    throw new Error(`${TRIES} signatures had s in the same half`);
  };
  return { ...key, sign };
}

test.each([
  ['low', false],
  ['high', true],
])("the chain takes a transaction that a browser's WebCrypto key signed with a %s s", async (_half, high) => {
  const [rpc, { network }, rich, key] = [
    testRpc(),
    inject('base'),
    await createFundedAccount(),
    await createWebCryptoKey(),
  ];
  await transferGas({ rpc, network, signer: rich }, [{ to: key.address, amount: datoshi(datoshiPerGas) }]);
  const [{ address: to }, amount] = [createKey(), datoshi(12_345n)];
  await transferGas({ rpc, network, signer: withHalf(key, high) }, [{ to, amount }]);
  expect(await readGasBalance(rpc, to)).toBe(amount);
});
