/** What this installation keeps, in IndexedDB. Never in localStorage, and no secret as it is: vault.ts. */

const NAME = 'krypton-phone';
const VERSION = 1;
/** Each holds values under keys of their own. */
const stores = ['device', 'sessions', 'reserves', 'messages', 'contacts', 'history', 'rules'] as const;
export type StoreName = (typeof stores)[number];

export type Store = {
  get<T>(store: StoreName, key: string): Promise<T | undefined>;
  all<T>(store: StoreName): Promise<T[]>;
  put(store: StoreName, key: string, value: unknown): Promise<void>;
  delete(store: StoreName, key: string): Promise<void>;
};

export async function openStore(): Promise<Store> {
  const request = indexedDB.open(NAME, VERSION);
  request.onupgradeneeded = () => {
    for (const store of stores)
      if (!request.result.objectStoreNames.contains(store)) request.result.createObjectStore(store);
  };
  const database = await answer(request);
  const at = (store: StoreName, mode: IDBTransactionMode) => database.transaction(store, mode).objectStore(store);
  return {
    get: (store, key) => answer(at(store, 'readonly').get(key)),
    all: (store) => answer(at(store, 'readonly').getAll()),
    put: (store, key, value) => written(at(store, 'readwrite').put(value, key)),
    delete: (store, key) => written(at(store, 'readwrite').delete(key)),
  };
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** It is written once its transaction is. */
function written({ transaction }: IDBRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    if (transaction === null) return resolve();
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error);
  });
}
