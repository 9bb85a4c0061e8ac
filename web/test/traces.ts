import { bytesToHex } from '@noble/hashes/utils.js';
import { wifOf } from '../../protocol/sign/key.ts';
import { base64OfBytes } from '../../protocol/types/bytes.ts';
import type { Visit } from './site.ts';

/** What of these can be found; nothing may. Only its first characters are told: a report has no need of more. */
export const found = (traces: string, secrets: readonly string[]): string[] =>
  secrets.filter((secret) => traces.includes(secret)).map((secret) => `${secret.slice(0, 6)}…`);

/** Everything that this browser holds of the page, as one text: what it stores, what it shows, and where it has been. */
export async function tracesOf({ page, context, asked, complaints }: Visit): Promise<string> {
  const parts = await page.evaluate(collect);
  const { cookies, origins } = await context.storageState();
  return JSON.stringify([parts, cookies, origins, asked, complaints, page.url()]);
}

/** Runs in the page. Bytes are written as hex, so that a key is found in any form. */
async function collect(): Promise<unknown[]> {
  const written = (value: unknown): unknown => {
    if (value instanceof ArrayBuffer) return written(new Uint8Array(value));
    if (value instanceof Uint8Array) return [...value].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    if (Array.isArray(value)) return value.map(written);
    if (value instanceof CryptoKey) return `CryptoKey extractable=${value.extractable}`;
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, written(each)]));
  };
  const answer = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const stored: unknown[] = [];
  for (const { name } of await indexedDB.databases()) {
    const database = await answer(indexedDB.open(name ?? ''));
    for (const store of database.objectStoreNames)
      stored.push(name, store, written(await answer(database.transaction(store).objectStore(store).getAll())));
    database.close();
  }
  const cached: unknown[] = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) cached.push(request.url, await (await cache.match(request))?.text());
  }
  const fields = [...document.querySelectorAll('input, textarea')].map((field) => (field as HTMLInputElement).value);
  return [stored, cached, { ...localStorage }, { ...sessionStorage }, document.documentElement.outerHTML, fields];
}

/** The forms in which a key could stand somewhere, and the password. */
export function secretsOf(privateKey: Uint8Array, password: string): string[] {
  const base64 = base64OfBytes(privateKey);
  const base64url = base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  return [bytesToHex(privateKey), wifOf(privateKey), base64, base64url, privateKey.join(','), password];
}
