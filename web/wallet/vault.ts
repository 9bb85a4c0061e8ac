import type { Address } from '../../protocol/types/address.ts';
import type { PublicKey } from '../../protocol/types/public-key.ts';
import type { Passkey } from './passkey.ts';

/** What this browser keeps of the wallet, in IndexedDB. Nothing in it opens without password, passkey or the browser. */
export type Kept = {
  address: Address;
  publicKey: PublicKey;
  /** NEP-2: the root of all; what else is here can be made from it. */
  encrypted: string;
  /** Milliseconds since 1970: when its person had shown that they hold a backup. Null: not yet. */
  backedUpAt: number | null;
  /** The person wants no question when the page is opened again. */
  staysOpen: boolean;
  /** Present while it stays open: not to be read by any code. */
  deviceKey: CryptoKey | null;
  passkey: Passkey | null;
};

const DATABASE = 'krypton-wallet';
const STORE = 'wallet';
const KEY = 'current';

export const readKept = (): Promise<Kept | null> =>
  inStore<Kept | undefined>('readonly', (store) => store.get(KEY)).then((found) => found ?? null);

/**
 * Keeps all of it at once, or nothing. Some browsers (private windows, iOS' lockdown mode) can't keep a CryptoKey: then
 * the rest is kept, and the answer is false.
 */
export async function writeKept(kept: Kept): Promise<boolean> {
  try {
    await inStore('readwrite', (store) => store.put(kept, KEY));
    return true;
  } catch (error) {
    if (kept.deviceKey === null || !(error instanceof DOMException) || error.name !== 'DataCloneError') throw error;
    await inStore('readwrite', (store) => store.put({ ...kept, deviceKey: null, staysOpen: false }, KEY));
    return false;
  }
}

export const removeKept = (): Promise<undefined> => inStore('readwrite', (store) => store.delete(KEY));

async function inStore<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  try {
    const transaction = database.transaction(STORE, mode, { durability: 'strict' });
    const result = answerOf(work(transaction.objectStore(STORE)));
    await Promise.all([result, endOf(transaction)]);
    return await result;
  } finally {
    database.close();
  }
}

function open(): Promise<IDBDatabase> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  return answerOf(opening);
}

const answerOf = <T>(request: IDBRequest<T>) =>
  new Promise<T>((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** What was written is on disk, or was not written. */
const endOf = (transaction: IDBTransaction) =>
  new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error);
  });
