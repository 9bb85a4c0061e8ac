import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Address } from '../../protocol/types/address.ts';
import { NONCE_MS, type Nonce, SESSION_MS, type Session } from './decide-registration.ts';
import { inTransaction, type Store } from './store.ts';

/** Nonces that were given and sessions that were earned. Of a session's secret only its SHA-256 is kept. */

/** A phone asks once, or a few times on a bad line; more at a time is a flood. */
const MAX_NONCES = 8;
/** Devices of one user. The one that was used least lately gives way. */
const MAX_SESSIONS = 20;

/** A fresh nonce for this address on this connection; the oldest gives way where there are many. */
export function giveNonce(store: Store, user: Address, connection: string, now: Date): string {
  const nonce = randomUUID();
  inTransaction(store, () => {
    store.prepare('delete from nonces where expires_at <= ?').run(now.getTime());
    store.prepare('insert into nonces values (?, ?, ?, ?)').run(nonce, user, connection, now.getTime() + NONCE_MS);
    store
      .prepare(`delete from nonces where user = ?1 and connection = ?2 and nonce not in (
        select nonce from nonces where user = ?1 and connection = ?2 order by expires_at desc, rowid desc limit ?3)`)
      .run(user, connection, MAX_NONCES);
  });
  return nonce;
}

export function noncesOf(store: Store, user: Address, connection: string): Nonce[] {
  const rows = store
    .prepare('select nonce, expires_at from nonces where user = ? and connection = ?')
    .all(user, connection);
  return rows.map(({ nonce, expires_at }) => {
    return { nonce: String(nonce), user, connection, expiresAt: new Date(Number(expires_at)) };
  });
}

const SECRET_BYTES = 32;
/** The last moment that a Date can hold. */
const END_OF_TIME_MS = 8_640_000_000_000_000;
const hashOf = (secret: string) => createHash('sha256').update(secret).digest('hex');

/**
 * Uses the nonce up, and answers the secret of a new session. A device has one session: an older one of it ends.
 * `notAfter`: it lasts no longer, however much it is used.
 */
export function openSession(
  store: Store,
  given: { user: Address; device: string | null; nonce: string; notAfter: Date | null; now: Date },
): string {
  const { user, device, nonce, now } = given;
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const notAfter = given.notAfter?.getTime() ?? END_OF_TIME_MS;
  const expiresAt = Math.min(now.getTime() + SESSION_MS, notAfter);
  inTransaction(store, () => {
    store.prepare('delete from nonces where nonce = ?').run(nonce);
    store.prepare('delete from sessions where expires_at <= ?').run(now.getTime());
    store.prepare('delete from sessions where user = ? and device = ?').run(user, device);
    store
      .prepare('insert into sessions values (?, ?, ?, ?, ?, ?)')
      .run(hashOf(secret), user, device, notAfter, expiresAt, now.getTime());
    store
      .prepare(`delete from sessions where user = ?1 and hash not in (
        select hash from sessions where user = ?1 order by expires_at desc, rowid desc limit ?2)`)
      .run(user, MAX_SESSIONS);
  });
  return secret;
}

export function findSession(store: Store, secret: string): Session | null {
  const row = store.prepare('select user, expires_at, not_after from sessions where hash = ?').get(hashOf(secret));
  if (!row) return null;
  const [expiresAt, notAfter] = [new Date(Number(row.expires_at)), new Date(Number(row.not_after))];
  return { user: row.user as Address, expiresAt, notAfter };
}

/** A phone registers every few minutes: its session is written anew once an hour, as each write waits for the disk. */
const RENEW_AFTER_MS = 3_600_000;

/** Each use keeps it for another 30 days. */
export function renewSession(store: Store, secret: string, now: Date): void {
  const until = now.getTime() + SESSION_MS;
  store
    .prepare(
      'update sessions set expires_at = min(?1, not_after) where hash = ?2 and expires_at < min(?1 - ?3, not_after)',
    )
    .run(until, hashOf(secret), RENEW_AFTER_MS);
}

/** The user is no longer registered with us. */
export function endSessions(store: Store, user: Address): void {
  store.prepare('delete from sessions where user = ?').run(user);
  store.prepare('delete from subscriptions where user = ?').run(user);
}
