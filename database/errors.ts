import pg from 'pg';

/** SQLSTATE codes that KRYPTON answers in a way of its own (PostgreSQL, appendix A). */
export const sqlState = {
  uniqueViolation: '23505',
} as const;

/**
 * "Not now": the same statement may succeed later, on a new connection, with nothing of ours changed. By SQLSTATE or
 * its class (PostgreSQL, appendix A), with what is wrong in words. Left out is what would fail again just so: our data
 * (22, 23), our SQL or a schema of another version (42 but for rights), limits of a statement's size (54), triggers
 * (P0), and damaged data (XX001, XX002), on which nobody should go on working.
 */
const notNow: Readonly<Record<string, string>> = {
  '08': 'the connection failed', // also all that PgBouncer says: it knows 08P01 alone
  '25006': 'it is read-only', // a standby after a fail-over, or a person has set it so: both pass
  '25P03': 'a transaction stood idle too long',
  '25P04': 'a transaction took too long',
  '28': 'it refuses the login', // password, pg_hba or role were changed; a person changes them back, or starts us anew
  '3D000': 'there is no such database', // renamed or restored at this very moment
  '40': 'transactions were in the way of each other',
  '42501': 'it refuses the rights', // a role was dropped, or a dump is read in and its grants come last
  '53': 'it has no room, memory or connections left',
  '55000': 'it takes no connections', // closed for maintenance; no statement of ours gets this otherwise
  '55006': 'something is in use by others',
  '55P03': 'a lock is held by others',
  '57': 'it stops, starts, or cancelled the statement', // also a statement that took too long
  '58': 'its machine or disk fails',
  '72': 'a snapshot became too old', // a new one will do
  F0: 'its configuration file is broken', // its operator mends that
  XX000: 'it failed inside', // e.g. "tuple concurrently updated"; poolers say it for "full"
};

/** Of these, what speaks of one statement, and not of the server: other connections need not be given up. */
const ofOneStatement = ['40', '55P03', '57014'];

/** Of these, what a person has to mend: a service that meets them at its start does not start. */
const mendedByPeople = ['28', '3D000', '42501'];

/** Postgres can be reached, and must not be used as it is: the role or a setting that we need does not hold there. */
export class UnfitConnection extends Error {
  override name = 'UnfitConnection';
}

export function hasSqlState(error: unknown, ...states: string[]): boolean {
  return error instanceof pg.DatabaseError && error.code !== undefined && states.includes(error.code);
}

/** Postgres is away, or refuses for now: the same may succeed later. The connection is not to be used again. */
export function isDatabaseUnavailable(error: unknown): boolean {
  return unavailability(error) !== null;
}

/** Whether what it says holds for all connections that were made before: a demoted primary stays one. */
export function concernsServer(error: unknown): boolean {
  return isDatabaseUnavailable(error) && !ofOneStatement.some((start) => codeOf(error)?.startsWith(start));
}

/** Whether waiting helps nobody at a start: a person has to change settings here or at the server first. */
export function needsPerson(error: unknown): boolean {
  if (error instanceof UnfitConnection) return true;
  const code = codeOf(error);
  return code !== undefined && (mendedByPeople.some((start) => code.startsWith(start)) || isTlsCode(code));
}

/**
 * Why Postgres can't be used now, in words that strangers may read (no hosts, no names); null where it is not to blame.
 */
export function unavailability(error: unknown): string | null {
  if (error instanceof UnfitConnection) return error.message;
  const code = codeOf(error);
  if (code === undefined) return isSilence(error) || isBrokenConnection(error) ? 'away' : null;
  const known = Object.keys(notNow).find((start) => code.startsWith(start));
  if (error instanceof pg.DatabaseError) return known === undefined ? null : `${notNow[known]} (${code})`;
  if (isTlsCode(code)) return `its certificate is refused (${code})`;
  return socketCalls.includes(callOf(error)) || socketErrors.includes(code) ? 'away' : null;
}

/** No answer came in time: what was asked may have been done, or not. */
export function isSilence(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout';
}

/** What pg itself says of a broken connection has no code to tell it by. */
function isBrokenConnection(error: unknown): boolean {
  return error instanceof Error && brokenConnection.test(error.message);
}

const brokenConnection =
  /Connection terminated|timeout exceeded when trying to connect|timeout expired|not queryable|SSL connection/;

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

const callOf = (error: unknown): string => String((error as { syscall?: unknown }).syscall);

/** Whatever goes wrong while a socket is opened, also a Unix socket that is gone (ENOENT). */
const socketCalls = ['connect', 'getaddrinfo'];
const socketErrors = [
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'],
  ...['EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'ENETRESET', 'ENOBUFS'],
];

/** What Node.js and OpenSSL call trouble with a certificate or a handshake. */
function isTlsCode(code: string): boolean {
  return /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_)/.test(code);
}
