import type { EscrowRecord } from '../../chain/read.ts';
import type { Cdr } from '../../protocol/api/cdrs.ts';
import type { Signer } from '../../protocol/sign/signer.ts';
import type { Chain } from '../connect.ts';
import type { Call } from './calls.ts';
import type { Cast, OpenedEscrow } from './cast.ts';
import type { Conservation } from './conservation.ts';
import { deposits } from './plan.ts';

/** What the chain says of each party and each escrow at the end. */
export type Books = {
  balanceOf: Map<Signer, bigint>;
  escrows: { opened: OpenedEscrow; record: EscrowRecord | null }[];
};

export async function readBooks(
  { reader }: Chain,
  { providers, users }: Cast,
  opened: readonly OpenedEscrow[],
): Promise<Books> {
  const parties = [...providers, ...users];
  const [balances, records] = await Promise.all([
    Promise.all(parties.map(({ address }) => reader.balanceOf(address))),
    Promise.all(opened.map(({ id }) => reader.escrow(id))),
  ]);
  return {
    balanceOf: new Map(parties.map((account, i) => [account, balances[i] ?? 0n])),
    escrows: opened.map((each, i) => ({ opened: each, record: records[i] ?? null })),
  };
}

/** What the escrow that was given back held then. */
export type GivenBack = { escrow: OpenedEscrow; refunded: bigint };

/** Whatever did not come out as the demo's own arithmetic says, in words; nothing, where all did. */
export function differences(
  cast: Cast,
  made: readonly Call[],
  decided: ReadonlyMap<Call, Cdr>,
  givenBack: GivenBack,
  books: Books,
  law: Conservation,
): string[] {
  return [
    ...made.flatMap(permissionDifferences),
    ...made.flatMap(verdictDifferences),
    ...made.flatMap((call) => recordDifferences(call, decided.get(call))),
    ...books.escrows.flatMap((escrow) => escrowDifferences(escrow, made, givenBack)),
    ...balanceDifferences(cast, made, books, givenBack),
    ...compare('GAS of the contract', law.held, law.balances + law.reserved),
  ];
}

function compare(what: string, found: unknown, expected: unknown): string[] {
  return found === expected ? [] : [`${what}: ${found} instead of ${expected}`];
}

function permissionDifferences({ planned, expected, permission, callId }: Call): string[] {
  const { refusal, cutAfterS } = planned;
  if (!permission.allowed) return compare(`${callId}, refused`, permission.reason, refusal ?? 'nothing');
  return [
    ...compare(`${callId}, refused`, 'nothing', refusal ?? 'nothing'),
    ...compare(`${callId}, entry`, permission.entry, expected.entry),
    ...(cutAfterS === undefined ? [] : compare(`${callId}, longest`, permission.maxSeconds, cutAfterS)),
  ];
}

/** Of a record that was sent twice, one counts; of two with different contents, the first. */
function verdictDifferences({ planned, expected, verdicts, isRepeated, callId }: Call): string[] {
  const found = verdicts.map(({ verdict }) => verdict);
  if (expected.outcome === 'refused') return compare(`${callId}, verdicts`, found.join(), '');
  const second = planned.twist === undefined ? [] : [planned.twist];
  // One whose answer was lost was taken then, and is a duplicate now.
  const isAsPlanned = (each: string, i: number) =>
    each === ['accepted', ...second][i] || (isRepeated && each === 'duplicate');
  const isExpected = found.length === second.length + 1 && found.toSorted().every(isAsPlanned);
  return isExpected ? [] : compare(`${callId}, verdicts`, found.join(), ['accepted', ...second].join());
}

function recordDifferences({ expected, callId }: Call, cdr: Cdr | undefined): string[] {
  if (expected.outcome === 'refused') return compare(`${callId}, record`, cdr?.state, undefined);
  if (!cdr) return [`${callId}: the API knows nothing of it`];
  const isFree = expected.outcome === 'free';
  return [
    ...compare(`${callId}, state`, stateOf(cdr), isFree ? 'rated' : 'settled'),
    ...compare(`${callId}, billed seconds`, cdr.billableSeconds, Number(expected.seconds)),
    ...compare(`${callId}, entry`, cdr.terms?.entry, expected.entry),
    ...compare(`${callId}, price`, cdr.price, String(expected.price)),
    ...compare(`${callId}, paid`, cdr.paid, isFree ? null : String(expected.price)),
  ];
}

const stateOf = ({ state, reason }: Cdr) => (reason ? `${state} (${reason})` : state);

function escrowDifferences(
  { opened, record }: Books['escrows'][number],
  made: readonly Call[],
  { escrow, refunded }: GivenBack,
): string[] {
  const own = made.filter((call) => call.escrow === opened && call.expected.outcome === 'settled');
  const spent = sumOfPrices(own);
  if (opened === escrow)
    return [
      ...compare(`escrow ${opened.id}`, record === null ? 'closed' : 'open', 'closed'),
      ...compare(`escrow ${opened.id}, given back`, refunded, opened.amount - spent),
    ];
  if (!record) return [`escrow ${opened.id} is closed`];
  const seconds = own.reduce((sum, { expected }) => sum + expected.seconds, 0n);
  return [
    ...compare(`escrow ${opened.id}, spent`, record.spent, spent),
    ...compare(`escrow ${opened.id}, calls`, record.calls, BigInt(own.length)),
    ...compare(`escrow ${opened.id}, seconds`, record.seconds, seconds),
  ];
}

function balanceDifferences(
  { providers, users }: Cast,
  made: readonly Call[],
  { balanceOf, escrows }: Books,
  { escrow, refunded }: GivenBack,
): string[] {
  const earnedBy = (provider: Signer) => sumOfPrices(made.filter((call) => call.provider === provider));
  const reservedBy = (user: number) =>
    escrows
      .filter(({ opened }) => opened.user === user)
      .reduce((sum, { opened }) => sum + opened.amount - (opened === escrow ? refunded : 0n), 0n);
  return [
    ...providers.flatMap((provider, i) =>
      compare(`earned by provider ${i + 1}`, balanceOf.get(provider), earnedBy(provider)),
    ),
    ...users.flatMap((user, i) =>
      compare(`balance of user ${i + 1}`, balanceOf.get(user), (deposits[i] ?? 0n) - reservedBy(i)),
    ),
  ];
}

const sumOfPrices = (calls: readonly Call[]) => calls.reduce((sum, { expected }) => sum + expected.price, 0n);
