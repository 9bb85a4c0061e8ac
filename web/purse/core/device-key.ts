import { bytesToHex } from '@noble/hashes/utils.js';
import type { Signer } from '../../../protocol/sign/signer.ts';
import { type PublicKey, publicKeySchema } from '../../../protocol/types/public-key.ts';
import type { Store } from './store.ts';

/**
 * Keys that this device makes for itself: for vouchers, and to read and register in the wallet's name. No code can read
 * them, and they never move money beyond what an escrow agreed to.
 */

export type DeviceSigner = Pick<Signer, 'publicKey' | 'sign'>;

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export type DeviceKeys = {
  /** A new key, kept before this returns: nothing may be promised to a key that is lost with the page. */
  create(): Promise<{ signer: DeviceSigner; isKept: boolean }>;
  /** Null: it was made on another device, or this browser has forgotten it. */
  find(publicKey: PublicKey): Promise<DeviceSigner | null>;
};

export function deviceKeys(store: Pick<Store, 'get' | 'put'>): DeviceKeys {
  /** Browsers that keep no keys (a private window, Lockdown Mode) have them until the page is closed. */
  const unkept = new Map<string, DeviceSigner>();
  return {
    create: async () => {
      const { privateKey, publicKey } = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify']);
      const compressed = compress(new Uint8Array(await crypto.subtle.exportKey('raw', publicKey)));
      const signer = signerOf(compressed, privateKey);
      try {
        await store.put('keys', { publicKey: compressed, privateKey, at: new Date() });
        return { signer, isKept: true };
      } catch (error) {
        if (!(error instanceof DOMException && error.name === 'DataCloneError')) throw error;
        unkept.set(compressed, signer);
        return { signer, isKept: false };
      }
    },
    find: async (publicKey) => {
      const kept = await store.get('keys', publicKey);
      return kept ? signerOf(publicKey, kept.privateKey) : (unkept.get(publicKey) ?? null);
    },
  };
}

const signerOf = (publicKey: PublicKey, privateKey: CryptoKey): DeviceSigner => ({
  publicKey,
  sign: async (message) => new Uint8Array(await crypto.subtle.sign(algorithm, privateKey, new Uint8Array(message))),
});

/** 04 x y -> 02 x where y is even, 03 x where it is odd. */
function compress(point: Uint8Array): PublicKey {
  const isOdd = (point[64] ?? 0) % 2 === 1;
  return publicKeySchema.parse((isOdd ? '03' : '02') + bytesToHex(point.subarray(1, 33)));
}
