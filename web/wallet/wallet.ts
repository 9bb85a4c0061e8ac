import { computed, signal } from '@preact/signals';
import { publicKeyOf } from '../../protocol/sign/p256.ts';
import { addressOfPublicKey } from '../../protocol/types/address.ts';
import { account, wanted } from './account.ts';
import { deviceKeyOf, makePrivateKey, signerOf } from './device-key.ts';
import { decrypt, encrypt } from './nep2-client.ts';
import { makePasskey, type PasskeyFault, usePasskey } from './passkey.ts';
import { type Kept, readKept, removeKept, writeKept } from './vault.ts';

/**
 * The life of the built-in wallet: see README.md. What is kept changes first, then what is shown: a page that is
 * closed at any moment finds a wallet that can be opened.
 */

/** What is kept of the wallet; null where there is none. */
export const kept = signal<Kept | null>(null);

/**
 * The key itself, only between its making and the proof of its backup: to draw it on paper, and to put it under a
 * passkey, without a password that was typed a minute ago.
 */
const fresh = signal<Uint8Array | null>(null);
/** To sign with once the backup is proved. */
let signing: CryptoKey | null = null;

/** The same wallet in other pages of this browser: what changes here changes there. */
type Told = 'changed' | 'locked';
let others: BroadcastChannel | null = null;

const tell = (what: Told): void => others?.postMessage(what);

function listen(): void {
  others = new BroadcastChannel('krypton-wallet');
  others.onmessage = async ({ data }: MessageEvent<Told>) => {
    const found = await readKept();
    if (data === 'locked' || found?.address !== kept.value?.address) signing = null;
    kept.value = found;
    show();
  };
}

/** Finds out what this browser keeps. */
export async function openWallet(): Promise<void> {
  listen();
  const found = await readKept();
  kept.value = found;
  if (found?.deviceKey && found.staysOpen) signing = found.deviceKey;
  show();
}

/** What others see of it: a wallet without a proved backup is none yet, so that nobody sends it money. */
function show(): void {
  const { value } = kept;
  if (value === null || value.backedUpAt === null) account.value = { kind: 'none' };
  else {
    const { address, publicKey } = value;
    if (signing) account.value = { kind: 'unlocked', address, publicKey, signer: signerOf(publicKey, signing) };
    else account.value = { kind: 'locked', address, publicKey };
  }
  if (account.value.kind === 'unlocked') wanted.value?.answer(account.value.signer);
}

async function keep(changed: Kept): Promise<boolean> {
  const whole = await writeKept(changed);
  kept.value = whole ? changed : { ...changed, deviceKey: null, staysOpen: false };
  tell('changed');
  return whole;
}

/** A new key, encrypted with the password. It is shown to nobody before its backup is proved. */
export async function createWallet(password: string): Promise<void> {
  await begin(await makePrivateKey(), password, null);
}

/** A key that its person has elsewhere, which is its backup. */
export async function restoreWallet(privateKey: Uint8Array, password: string): Promise<void> {
  await begin(privateKey, password, Date.now());
}

async function begin(privateKey: Uint8Array, password: string, backedUpAt: number | null): Promise<void> {
  const found = await readKept(); // another page may have made one meanwhile
  if (found !== null && found.backedUpAt !== null)
    throw new Error(`this browser has the wallet ${found.address} already`);
  const publicKey = publicKeyOf(privateKey);
  const encrypted = await encrypt(privateKey, password);
  const key = await deviceKeyOf(privateKey);
  const address = addressOfPublicKey(publicKey);
  const opened = { staysOpen: false, deviceKey: null, passkey: null };
  [fresh.value, signing] = [privateKey, key];
  // Some browsers then don't delete it when they run short of space; the page tells where they may.
  void navigator.storage.persist();
  await keep({ address, publicKey, encrypted, backedUpAt, ...opened });
  show();
}

/** The key is wiped from the page's memory; what signs stays. */
export function forgetFresh(): void {
  fresh.value?.fill(0);
  fresh.value = null;
}

/** The person has shown that they hold the backup. The key is still at hand for a passkey; the next screen wipes it. */
export async function proveBackup(): Promise<void> {
  if (!kept.value) return;
  await keep({ ...kept.value, backedUpAt: Date.now() });
  show();
}

/** The key itself, right after it was made or with the password. Null: the password is wrong. The caller wipes it. */
export async function readKey(password: string | null): Promise<Uint8Array | null> {
  if (password === null) return fresh.value && new Uint8Array(fresh.value);
  return kept.value && decrypt(kept.value.encrypted, password);
}

export const hasFreshKey = computed(() => fresh.value !== null);

/** False: the password is wrong. */
export async function unlock(password: string): Promise<boolean> {
  const privateKey = await readKey(password);
  if (!privateKey) return false;
  const key = await deviceKeyOf(privateKey);
  privateKey.fill(0);
  await opened(key);
  return true;
}

/** Null: it is unlocked. */
export async function unlockByPasskey(): Promise<PasskeyFault | null> {
  const passkey = kept.value?.passkey;
  if (!passkey) return 'unsupported';
  const key = await usePasskey(passkey);
  if (typeof key === 'string') return key;
  await opened(key);
  return null;
}

async function opened(key: CryptoKey): Promise<void> {
  signing = key;
  if (kept.value?.staysOpen) await keep({ ...kept.value, deviceKey: key });
  show();
}

/** What signs is given up, here and in what is kept. Calls in open escrows go on: they need no wallet. */
export async function lock(): Promise<void> {
  signing = null;
  show();
  if (kept.value?.deviceKey) await keep({ ...kept.value, deviceKey: null });
  tell('locked');
}

/** Whether it is open when the page comes again. False: this browser can't keep it. */
export async function stayOpen(staysOpen: boolean): Promise<boolean> {
  if (!kept.value) return false;
  return keep({ ...kept.value, staysOpen, deviceKey: staysOpen ? signing : null });
}

/** Null: the passkey is there. `password` null: right after the key was made. */
export async function addPasskey(password: string | null): Promise<PasskeyFault | 'wrongPassword' | null> {
  const privateKey = await readKey(password);
  if (!privateKey || !kept.value) return 'wrongPassword';
  try {
    const passkey = await makePasskey(privateKey, 'KRYPTON');
    if (typeof passkey === 'string') return passkey;
    await keep({ ...kept.value, passkey });
    return null;
  } finally {
    privateKey.fill(0);
  }
}

export async function removePasskey(): Promise<void> {
  if (kept.value) await keep({ ...kept.value, passkey: null });
}

/** False: the old password is wrong. Older backups still open with the older password. */
export async function changePassword(old: string, next: string): Promise<boolean> {
  const privateKey = await readKey(old);
  if (!privateKey || !kept.value) return false;
  try {
    await keep({ ...kept.value, encrypted: await encrypt(privateKey, next) });
    return true;
  } finally {
    privateKey.fill(0);
  }
}

/** Out of this browser. Whoever has no backup loses the money. */
export async function removeWallet(): Promise<void> {
  await removeKept();
  forgetFresh();
  signing = null;
  kept.value = null;
  show();
  tell('locked');
}
