import type { Store } from './store.ts';

/**
 * Secrets of sessions, encrypted by a key that no code can read. Whoever copies the files of the database has neither;
 * whoever runs code in this page has both, as in any browser.
 */
export type Vault = {
  read(name: string): Promise<string | null>;
  write(name: string, secret: string | null): Promise<void>;
};

type Sealed = { iv: Uint8Array<ArrayBuffer>; data: ArrayBuffer };

const KEY = 'vault';

export async function openVault(store: Store): Promise<Vault> {
  const key = (await store.get<CryptoKey>('device', KEY)) ?? (await createKey(store));
  return {
    read: async (name) => {
      const sealed = await store.get<Sealed>('sessions', name);
      if (!sealed) return null;
      const additionalData = new TextEncoder().encode(name);
      const data = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: sealed.iv, additionalData }, key, sealed.data);
      return new TextDecoder().decode(data);
    },
    write: async (name, secret) => {
      if (secret === null) return store.delete('sessions', name);
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const additionalData = new TextEncoder().encode(name);
      const algorithm = { name: 'AES-GCM', iv, additionalData };
      const data = await crypto.subtle.encrypt(algorithm, key, new TextEncoder().encode(secret));
      return store.put('sessions', name, { iv, data } satisfies Sealed);
    },
  };
}

async function createKey(store: Store): Promise<CryptoKey> {
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  try {
    await store.put('device', KEY, key);
  } catch (error) {
    // A browser in lockdown keeps no keys: then each start of the page registers anew.
    if (!(error instanceof DOMException) || error.name !== 'DataCloneError') throw error;
  }
  return key;
}

/** The same for each start of this installation. */
export async function instanceId(store: Store): Promise<string> {
  const known = await store.get<string>('device', 'instance');
  if (known !== undefined) return known;
  const made = crypto.randomUUID();
  await store.put('device', 'instance', made);
  return made;
}
