import type { Entry, Journal } from './journal.ts';

/** What this browser keeps for the purse. Nothing in it is readable as a key: keys are WebCrypto's, not extractable. */
const NAME = 'krypton-purse';
const VERSION = 1;

type Stores = {
  transactions: Entry;
  keys: KeptKey;
  delegations: KeptDelegation;
  topUps: KeptTopUp;
};
export type StoreName = keyof Stores;
const keyPaths: Record<StoreName, string> = {
  transactions: 'hash',
  keys: 'publicKey',
  delegations: 'id',
  topUps: 'id',
};

export type KeptKey = { publicKey: string; privateKey: CryptoKey; at: Date };
/** As its header is written. */
export type KeptDelegation = { id: string; header: string };
/** Datoshi. */
export type KeptTopUp = { id: string; limitPerDay: bigint };

export type Store = {
  get<N extends StoreName>(name: N, key: string): Promise<Stores[N] | undefined>;
  all<N extends StoreName>(name: N): Promise<Stores[N][]>;
  /** Returns when it is on the disk, as far as the browser says so. @throws DataCloneError where a key can't be kept */
  put<N extends StoreName>(name: N, value: Stores[N]): Promise<void>;
  remove(name: StoreName, key: string): Promise<void>;
  close(): void;
};

export async function openStore(factory: IDBFactory = indexedDB): Promise<Store> {
  const opening = factory.open(NAME, VERSION);
  opening.onupgradeneeded = () => {
    for (const [name, keyPath] of Object.entries(keyPaths)) opening.result.createObjectStore(name, { keyPath });
  };
  const database = await answerOf(opening);
  // A page of a newer version waits for this one otherwise.
  database.onversionchange = () => database.close();
  const of = (name: StoreName) => database.transaction(name).objectStore(name);

  async function write(name: StoreName, change: (store: IDBObjectStore) => void): Promise<void> {
    const transaction = database.transaction(name, 'readwrite', { durability: 'strict' });
    const ended = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    change(transaction.objectStore(name));
    await ended;
  }
  return {
    get: (name, key) => answerOf(of(name).get(key)),
    all: (name) => answerOf(of(name).getAll()),
    put: (name, value) => write(name, (store) => store.put(value)),
    remove: (name, key) => write(name, (store) => store.delete(key)),
    close: () => database.close(),
  };
}

function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Where nothing can be kept, as in some browsers for a page from a disk: it lasts as long as the page. */
export function memoryStore(): Store {
  const kept = new Map<StoreName, Map<string, unknown>>();
  const of = (name: StoreName) => {
    const found = kept.get(name) ?? new Map<string, unknown>();
    kept.set(name, found);
    return found;
  };
  return {
    get: async (name, key) => of(name).get(key) as never,
    all: async (name) => [...of(name).values()] as never,
    put: async (name, value) => {
      of(name).set(String((value as Record<string, unknown>)[keyPaths[name]]), value);
    },
    remove: async (name, key) => {
      of(name).delete(key);
    },
    close: () => {},
  };
}

export const journalOf = (store: Store): Journal => ({
  all: () => store.all('transactions'),
  put: (entry) => store.put('transactions', entry),
});
