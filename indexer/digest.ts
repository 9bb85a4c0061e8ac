import { hash } from 'node:crypto';
import type { Escrow, PlacedEvent, Provider, Registration, Settlement } from './apply.ts';

/**
 * What the tables hold, as one number each: the sum of the SHA-256 of all rows, modulo 2^256. A sum can follow a row
 * that changes without looking at the others, and does not depend on any order; so two indexers come to the same at a
 * height, however they got there. Events and settlements, which never change, are hashed a block at a time.
 *
 * It tells of mistakes. Whoever may write the tables can make rows that sum up to whatever they like.
 */
export const digestedTables = ['events', 'providers', 'registrations', 'balances', 'escrows', 'settlements'] as const;
export type DigestedTable = (typeof digestedTables)[number];
export type Digests = Record<DigestedTable, bigint>;

export const emptyDigests = (): Digests => ({
  events: 0n,
  providers: 0n,
  registrations: 0n,
  balances: 0n,
  escrows: 0n,
  settlements: 0n,
});

const MODULUS = 1n << 256n;

export const addTo = (digest: bigint, change: bigint): bigint => (((digest + change) % MODULUS) + MODULUS) % MODULUS;

const numberOf = (text: string): bigint => BigInt(`0x${hash('sha256', text, 'hex')}`);

/** As a column holds it: 64 hex digits. */
export const digestText = (digest: bigint): string => digest.toString(16).padStart(64, '0');
export const digestOfText = (text: string): bigint => BigInt(`0x${text}`);

type Field = string | bigint | number | boolean | Date | null;

/** Fields side by side, so that no two rows look alike: text is quoted as JSON quotes it. */
function textOf(table: DigestedTable, fields: readonly Field[]): string {
  const words = fields.map((field) => {
    if (typeof field === 'string') return JSON.stringify(field);
    return field instanceof Date ? String(field.getTime()) : String(field);
  });
  return `${table}:${words.join(',')}`;
}

export const digestOf = {
  providers: (row: Provider): bigint => {
    const { provider, location, tariffUri, tariffHash, operator, deployedAt, undeployedAt } = row;
    const fields = [provider, location, tariffUri, tariffHash, operator, deployedAt, undeployedAt];
    return numberOf(textOf('providers', fields));
  },
  registrations: ({ user, provider, uuid, registeredAt, height, position }: Registration): bigint =>
    numberOf(textOf('registrations', [user, provider, uuid, registeredAt, height, position])),
  /** An account without anything counts as one that never was: the contract keeps no entry for it. */
  balances: (account: string, balance: bigint): bigint =>
    balance === 0n ? 0n : numberOf(textOf('balances', [account, balance])),
  escrows: (row: Escrow): bigint => {
    const parties = [row.id, row.user, row.provider, row.state, row.amount, row.spent, row.refunded];
    const terms = [row.ratePerSecond, row.feePerCall, row.increment, row.maxParallel, row.voucherKey];
    const times = [row.openedAt, row.endsAt, row.claimDeadline];
    return numberOf(textOf('escrows', [...parties, ...terms, ...times, row.seq, row.seconds, row.calls]));
  },
};

/** All events of one block, in their order. */
export function digestOfEvents(height: number, events: readonly PlacedEvent[]): bigint {
  const lines = events.map(({ position, txHash, ordinal, event, payload }) => {
    return `${position},${txHash},${ordinal},${event.name},${payload}`;
  });
  return numberOf(`events:${height}\n${lines.join('\n')}`);
}

/** All settlements of one block, in their order. */
export function digestOfSettlements(height: number, settlements: readonly Settlement[]): bigint {
  const lines = settlements.map((row) => {
    const { position, txHash, time, escrowId, seq, provider, user, code, amount, seconds, calls, cdrRoot } = row;
    const claim = `${position},${txHash},${time.getTime()},${escrowId},${seq},${provider},${user}`;
    return `${claim},${code},${amount},${seconds},${calls},${cdrRoot}`;
  });
  return numberOf(`settlements:${height}\n${lines.join('\n')}`);
}
