// Before any schema is made.
import './no-eval.ts';

import { signTransaction, type Transaction } from '../../../protocol/contract/transaction.ts';
import { signRequest } from '../../../protocol/sign/http-signature.ts';
import { createKey } from '../../../protocol/sign/key.ts';
import { isSignatureValid } from '../../../protocol/sign/p256.ts';
import type { Signer } from '../../../protocol/sign/signer.ts';
import { signVoucher } from '../../../protocol/sign/voucher.ts';
import { datoshi } from '../../../protocol/types/datoshi.ts';
import { scriptHashOfBytes } from '../../../protocol/types/hash.ts';
import { height } from '../../../protocol/types/height.ts';
import { isHighS } from './reproduce.ts';
import { createWebCryptoKey } from './webcrypto-key.ts';

/** What a test calls in the page. */
export { problemSchema } from '../../../protocol/api/problem.ts';
export { reproduce } from './reproduce.ts';

/** How one signature came out. */
export type Signed = { valid: boolean; highS: boolean };
export type SignedAll = Record<'transaction' | 'request' | 'voucher', Signed[]>;

const transaction: Transaction = {
  script: Uint8Array.of(0x40),
  nonce: 1,
  validUntilBlock: height(100),
  systemFee: datoshi(1n),
  networkFee: datoshi(1n),
};
const network = 56753;
const scope = { network, contract: scriptHashOfBytes(new Uint8Array(20).fill(1)), escrowId: 7n };

/** A fresh key of the kind signs each thing so many times. */
export async function signAll(kind: 'held' | 'webCrypto', times: number): Promise<SignedAll> {
  const key: Signer = kind === 'held' ? createKey() : await createWebCryptoKey();
  const signed: SignedAll = { transaction: [], request: [], voucher: [] };
  for (let time = 0; time < times; time += 1) {
    signed.transaction.push(
      await watch(key, (signer) => signTransaction({ ...transaction, nonce: time }, signer, network)),
    );
    signed.request.push(
      await watch(key, (signer) =>
        signRequest({ method: 'POST', url: 'https://api.example/v1/cdrs', body: `${time}` }, signer),
      ),
    );
    signed.voucher.push(await watch(key, (signer) => signVoucher(signer, scope, datoshi(BigInt(time)))));
  }
  return signed;
}

/** Looks at the signature that the signer gave while it was used. */
async function watch(key: Signer, use: (signer: Signer) => Promise<unknown>): Promise<Signed> {
  let seen: Signed | undefined;
  const sign = async (message: Uint8Array) => {
    const signature = await key.sign(message);
    seen = { valid: isSignatureValid(key.publicKey, message, signature), highS: isHighS(signature) };
    return signature;
  };
  await use({ ...key, sign });
  if (!seen) throw new Error('nothing was signed');
  return seen;
}

/** Text that shall become code: the page's policy refuses it. */
export function runText(): void {
  setTimeout('0' as unknown as () => void);
}
