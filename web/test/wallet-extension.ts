import type { BrowserContext } from 'playwright-core';
import { messageOfContent } from '../../protocol/contract/transaction.ts';
import type { Key } from '../../protocol/sign/key.ts';
import { wrapMessage } from '../../protocol/sign/wallet-message.ts';
import { hash160Bytes } from '../../protocol/types/address.ts';
import { base64OfBytes, bytesOfBase64 } from '../../protocol/types/bytes.ts';
import { scriptHashOfBytes } from '../../protocol/types/hash.ts';

export type Extension = {
  /** What it was asked to sign, in order. */
  asked: ('message' | 'transaction')[];
  /** What it does instead of signing. */
  mood: 'signs' | 'refuses' | 'signsSomethingElse';
};

/**
 * A wallet as an extension would put it into every page (NEP-21), for networks that no real one knows. Its key is here,
 * outside of the page.
 */
export async function installWallet(context: BrowserContext, key: Key, network: number): Promise<Extension> {
  const extension: Extension = { asked: [], mood: 'signs' };
  const account = scriptHashOfBytes(hash160Bytes(key.address));

  async function sign(message: Uint8Array): Promise<string> {
    const signed = extension.mood === 'signsSomethingElse' ? Uint8Array.of(1, ...message) : message;
    return base64OfBytes(await key.sign(signed));
  }
  await context.exposeBinding('askWallet', async (_source, what: string, given: string) => {
    extension.asked.push(what === 'message' ? 'message' : 'transaction');
    if (extension.mood === 'refuses') return { code: 10_006, message: 'the person said no' };
    if (what === 'message') {
      const payload = wrapMessage(bytesOfBase64(given), { form: 'nep21' });
      return { payload: base64OfBytes(payload), signature: await sign(payload), account, pubkey: key.publicKey };
    }
    const wanted = JSON.parse(given) as { data: string; network: number; items: Record<string, object> };
    const signature = await sign(messageOfContent(bytesOfBase64(wanted.data), wanted.network));
    const item = { ...wanted.items[account], signatures: { [key.publicKey]: signature } };
    return { ...wanted, items: { [account]: item } };
  });
  await context.addInitScript(
    `const asking = async (what, given) => {
      const answer = await askWallet(what, given);
      if (answer.code) throw answer;
      return answer;
    };
    const provider = Object.freeze({
      name: 'Test wallet', version: '1.0', dapiVersion: '1.0', compatibility: ['NEP-17', 'NEP-21'],
      connected: true, network: ${network}, supportedNetworks: [${network}],
      getAccounts: async () => [{ hash: '${account}', address: '${key.address}', label: 'test' }],
      signMessage: (message) => asking('message', message),
      sign: (context) => asking('transaction', JSON.stringify(context)),
    });
    addEventListener('Neo.DapiProvider.request', () =>
      dispatchEvent(new CustomEvent('Neo.DapiProvider.ready', { detail: Object.freeze({ provider }) })));`,
  );
  return extension;
}
