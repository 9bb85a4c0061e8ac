import pg from 'pg';

/** SQLSTATE codes that KRYPTON answers in a way of its own (PostgreSQL, appendix A). */
export const sqlState = {
  uniqueViolation: '23505',
} as const;

export function hasSqlState(error: unknown, ...states: string[]): boolean {
  return error instanceof pg.DatabaseError && error.code !== undefined && states.includes(error.code);
}

/** Postgres is away, full, starting or stopping, or two transactions were in each other's way: the same may succeed later. */
export function isDatabaseUnavailable(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string')
    return isSilence(error) || (error instanceof Error && brokenConnection.test(error.message));
  return unavailableClasses.some((prefix) => code.startsWith(prefix)) || socketErrors.includes(code);
}

/** No answer came in time: what was asked may have been done, or not. */
export function isSilence(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout';
}

/** What pg itself says of a broken connection has no code to tell it by. */
const brokenConnection = /Connection terminated|timeout exceeded when trying to connect|timeout expired|not queryable/;
/**
 * 08 connection, 25P03 a transaction that stood idle too long, 40 rollback (deadlock, serialization), 53 insufficient resources,
 * 57 operator intervention (also a statement that took too long), 58 system error.
 */
const unavailableClasses = ['08', '25P03', '40', '53', '57', '58'];
const socketErrors = [
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'],
  ...['EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN'],
];
