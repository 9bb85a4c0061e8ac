import { utf8ToBytes } from '@noble/hashes/utils.js';
import { pkcs8Of, unwrapDeviceKey } from './device-key.ts';

/**
 * A passkey that unlocks the wallet (WebAuthn with the PRF extension): the authenticator makes the same 32 bytes of the
 * same salt each time its person is there, and the key is encrypted with them. It only unlocks: who loses it has the
 * password.
 */
export type Passkey = {
  id: Uint8Array<ArrayBuffer>;
  salt: Uint8Array<ArrayBuffer>;
  iv: Uint8Array<ArrayBuffer>;
  wrapped: Uint8Array<ArrayBuffer>;
};

export type PasskeyFault =
  /** The person said no, or did nothing. */
  | 'cancelled'
  /** This authenticator has no PRF; many don't. */
  | 'unsupported';

/** A person looks for a finger, a face or a key. */
const TIMEOUT_MS = 120_000;
/** ES256, then RS256, which some authenticators of Windows have alone. Their signatures are not used. */
const algorithms = [-7, -257];

/** Whether asking for one makes sense; only making one tells whether it can be used. */
export async function canHavePasskey(): Promise<boolean> {
  if (!('PublicKeyCredential' in globalThis)) return false;
  return PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable().catch(() => false);
}

/** Makes a passkey for this wallet, and keeps the key under it. The system's own window asks the person. */
export async function makePasskey(privateKey: Uint8Array, name: string): Promise<Passkey | PasskeyFault> {
  const [salt, iv] = [random(32), random(12)];
  const made = await ask(() =>
    navigator.credentials.create({
      publicKey: {
        challenge: random(32),
        rp: { name: 'KRYPTON' },
        user: { id: random(16), name, displayName: name },
        pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key', alg })),
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
        timeout: TIMEOUT_MS,
        extensions: { prf: { eval: { first: salt } } },
      },
    }),
  );
  if (!made) return 'cancelled';
  const { prf } = made.getClientExtensionResults();
  if (!prf?.enabled) return 'unsupported';
  const id = new Uint8Array(made.rawId);
  // Some tell the bytes when the passkey is made, the others when it is used first.
  const secret = bytesOf(prf.results?.first) ?? (await evaluate({ id, salt }));
  if (typeof secret === 'string') return secret;
  const key = await wrappingKey(secret);
  const pkcs8 = pkcs8Of(privateKey);
  const wrapped = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, pkcs8));
  pkcs8.fill(0);
  return { id, salt, iv, wrapped };
}

/** The wallet's key, to sign with; its number never is in the page's memory. */
export async function usePasskey(passkey: Passkey): Promise<CryptoKey | PasskeyFault> {
  const secret = await evaluate(passkey);
  if (typeof secret === 'string') return secret;
  return unwrapDeviceKey(passkey.wrapped, await wrappingKey(secret), passkey.iv);
}

async function evaluate({ id, salt }: Pick<Passkey, 'id' | 'salt'>): Promise<Uint8Array<ArrayBuffer> | PasskeyFault> {
  const given = await ask(() =>
    navigator.credentials.get({
      publicKey: {
        challenge: random(32),
        allowCredentials: [{ type: 'public-key', id }],
        userVerification: 'required',
        timeout: TIMEOUT_MS,
        extensions: { prf: { eval: { first: salt } } },
      },
    }),
  );
  if (!given) return 'cancelled';
  return bytesOf(given.getClientExtensionResults().prf?.results?.first) ?? 'unsupported';
}

/** Null: the person does not want to, or the time is over; a browser does not tell which, to protect them. */
async function ask(request: () => Promise<Credential | null>): Promise<PublicKeyCredential | null> {
  try {
    return (await request()) as PublicKeyCredential | null;
  } catch (error) {
    if (error instanceof DOMException && ['NotAllowedError', 'AbortError'].includes(error.name)) return null;
    throw error;
  }
}

async function wrappingKey(secret: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const root = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey']);
  secret.fill(0);
  const info = utf8ToBytes('KRYPTON wallet key') as Uint8Array<ArrayBuffer>;
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info };
  return crypto.subtle.deriveKey(derivation, root, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'unwrapKey']);
}

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));

function bytesOf(source: BufferSource | undefined): Uint8Array<ArrayBuffer> | null {
  if (!source) return null;
  return source instanceof ArrayBuffer ? new Uint8Array(source) : new Uint8Array(source.buffer as ArrayBuffer);
}
