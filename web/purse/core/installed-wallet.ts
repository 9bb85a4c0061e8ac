import { z } from 'zod';
import { hashOfContent } from '../../../protocol/contract/transaction.ts';
import type { Delegation, DelegationTerms } from '../../../protocol/sign/delegation.ts';
import { isSignatureValid } from '../../../protocol/sign/p256.ts';
import { legacyText, type Wrapping, wrapMessage } from '../../../protocol/sign/wallet-message.ts';
import { type Address, addressOfPublicKey, addressSchema, hash160Bytes } from '../../../protocol/types/address.ts';
import { base64OfBytes, bytesOfBase64 } from '../../../protocol/types/bytes.ts';
import { scriptHashOfBytes } from '../../../protocol/types/hash.ts';
import { publicKeySchema } from '../../../protocol/types/public-key.ts';
import { signatureScript } from '../../../protocol/types/verification-script.ts';
import type { Identity } from './prepare.ts';
import { type Refusal, refused } from './refusal.ts';

/**
 * A wallet that the browser has as an extension (NEP-21). It holds the key and asks its person in its own window. What
 * it answers is a stranger's word: each signature is checked before anything is done with it.
 */

/** What is used of NEP-21's `IDapiProvider`; wallets have more. */
export type DapiProvider = {
  name: string;
  network: number;
  compatibility: readonly string[];
  getAccounts(): Promise<unknown>;
  sign(context: unknown): Promise<unknown>;
  signMessage(message: string, account?: string, options?: { isBase64Encoded: boolean }): Promise<unknown>;
};

const providerSchema = z.custom<DapiProvider>((value) => {
  if (typeof value !== 'object' || value === null) return false;
  const given = value as Record<string, unknown>;
  const methods = ['getAccounts', 'sign', 'signMessage'];
  return (
    Array.isArray(given.compatibility) &&
    given.compatibility.includes('NEP-21') &&
    methods.every((name) => typeof given[name] === 'function')
  );
});

/** A wallet answers at once, or it is not there. */
const ANSWER_MS = 1_000;

/** The first wallet that says that it is ready; null where none is installed. */
export function findWallet(target: EventTarget, waitMs = ANSWER_MS): Promise<DapiProvider | null> {
  return new Promise((resolve) => {
    const end = (found: DapiProvider | null) => {
      clearTimeout(timer);
      target.removeEventListener('Neo.DapiProvider.ready', ready);
      resolve(found);
    };
    const ready = (event: Event) => {
      const read = providerSchema.safeParse((event as CustomEvent).detail?.provider);
      if (read.success) end(read.data);
    };
    const timer = setTimeout(() => end(null), waitMs);
    target.addEventListener('Neo.DapiProvider.ready', ready);
    target.dispatchEvent(new CustomEvent('Neo.DapiProvider.request', { detail: { version: '1.0' } }));
  });
}

const accountsSchema = z.array(z.looseObject({ address: addressSchema })).min(1);
const messageSchema = z.looseObject({ payload: z.base64(), signature: z.base64(), pubkey: publicKeySchema });
const contextSchema = z.looseObject({
  items: z.record(z.string(), z.looseObject({ signatures: z.record(z.string(), z.base64()) })),
});

export async function firstAddress(provider: DapiProvider): Promise<Address | Refusal> {
  return asking(async () => {
    const read = accountsSchema.safeParse(await provider.getAccounts());
    return read.data?.[0]?.address ?? unable('it gives no account');
  });
}

/**
 * The wallet signs a text of ours, and by that its public key is known: nothing else in NEP-21 tells it. What it signs
 * is a statement that is of use too, see `delegation.ts`.
 */
export async function signStatement(
  provider: DapiProvider,
  address: Address,
  { delegate, notAfter, scope }: DelegationTerms,
  statement: Uint8Array,
): Promise<Delegation | Refusal> {
  return asking(async () => {
    const options = { isBase64Encoded: true };
    const account = scriptHashOfBytes(hash160Bytes(address));
    const told = messageSchema.safeParse(await provider.signMessage(base64OfBytes(statement), account, options));
    if (!told.success) return unable('it does not sign messages as NEP-21 says');
    const { pubkey, payload, signature: signed } = told.data;
    const signature = bytesOfBase64(signed);
    const wrapping = wrappingOf(bytesOfBase64(payload), statement);
    if (!wrapping) return unable('it signs messages in a form that is not known');
    if (addressOfPublicKey(pubkey) !== address) return unable('it signed for another account');
    if (!isSignatureValid(pubkey, wrapMessage(statement, wrapping), signature)) return refused('wrongSignature', {});
    return { wallet: pubkey, delegate, notAfter, scope, signature, ...wrapping };
  });
}

/** How the wallet has wrapped the message, by what it says that it has signed. */
function wrappingOf(payload: Uint8Array, statement: Uint8Array): Wrapping | null {
  const forms: Wrapping[] = [{ form: 'raw' }, { form: 'nep21' }];
  const text = new TextDecoder().decode(payload);
  const place = text.indexOf(legacyText(statement));
  const [salt] = /[0-9a-fA-F]{2,128}$/.exec(text.slice(0, Math.max(place, 0))) ?? [];
  if (salt !== undefined) forms.push({ form: 'legacy', salt });
  const isSame = (bytes: Uint8Array) => base64OfBytes(bytes) === base64OfBytes(payload);
  return forms.find((form) => isSame(wrapMessage(statement, form))) ?? null;
}

/** Over the very bytes that were shown: what the wallet may have made of them besides is not looked at. */
export async function signWithWallet(
  provider: DapiProvider,
  identity: Identity,
  content: Uint8Array,
  network: number,
): Promise<Uint8Array | Refusal> {
  if (provider.network !== network) return unable(`it is on network ${provider.network}, this page on ${network}`);
  return asking(async () => {
    const account = scriptHashOfBytes(hash160Bytes(identity.address));
    const script = base64OfBytes(signatureScript(identity.publicKey));
    const told = await provider.sign({
      type: 'Neo.Network.P2P.Payloads.Transaction',
      hash: hashOfContent(content),
      data: base64OfBytes(content),
      items: { [account]: { script, parameters: [{ type: 'Signature' }], signatures: {} } },
      network,
    });
    const read = contextSchema.safeParse(told);
    const items = read.success ? Object.entries(read.data.items) : [];
    const item = items.find(([name]) => name.toLowerCase().replace(/^(0x)?/, '0x') === account)?.[1];
    const signature = item?.signatures[identity.publicKey];
    return signature === undefined ? unable('it gave no signature of this account') : bytesOfBase64(signature);
  });
}

const unable = (detail: string): Refusal => refused('walletUnable', { detail });

/** NEP-21: the person said no. */
const CANCELED = 10_006;

/** What a wallet throws is a refusal, in its own words. */
async function asking<T>(ask: () => Promise<T | Refusal>): Promise<T | Refusal> {
  try {
    return await ask();
  } catch (error) {
    const { code, message } = Object(error) as { code?: unknown; message?: unknown };
    return code === CANCELED ? refused('declined', {}) : unable(String(message ?? error).slice(0, 200));
  }
}
