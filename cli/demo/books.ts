import type { EscrowRecord } from '../../chain/read.ts';
import type { Cdr } from '../../protocol/api/cdrs.ts';
import type { Signer } from '../../protocol/sign/signer.ts';
import type { Chain } from '../connect.ts';
import type { Call, Sent } from './calls.ts';
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

/** Whatever did not come out as the demo's own arithmetic says, in words; nothing, where all did. */
export function differences(
  cast: Cast,
  made: readonly Call[],
  sent: Sent,
  decided: ReadonlyMap<Call, Cdr>,
  books: Books,
  law: Conservation,
): string[] {
  return [
    ...verdictDifferences(made, sent),
    ...made.flatMap((call) => callDifferences(call, decided.get(call))),
    ...books.escrows.flatMap((escrow) => escrowDifferences(escrow, made)),
    ...balanceDifferences(cast, made, books),
    ...compare('GAS of the contract', law.held, law.balances + law.reserved),
  ];
}

function compare(what: string, found: unknown, expected: unknown): string[] {
  return found === expected ? [] : [`${what}: ${found} instead of ${expected}`];
}

/** Of a record that was sent twice, one counts; of two with different contents, the first. */
function verdictDifferences(made: readonly Call[], sent: Sent): string[] {
  return made.flatMap((call) => {
    const { callId } = call.cdr;
    const verdicts = sent.filter((each) => each.call.cdr.callId === callId).map(({ verdict }) => verdict.verdict);
    const second = call.planned.twist;
    return compare(
      `verdicts on ${callId}`,
      verdicts.toSorted().join(),
      ['accepted', ...(second ? [second] : [])].join(),
    );
  });
}

function callDifferences({ expected, cdr: { callId } }: Call, cdr: Cdr | undefined): string[] {
  if (!cdr) return [`${callId}: the API knows nothing of it`];
  const isDone = cdr.state === 'settled' || (expected.outcome === 'free' && cdr.state === 'rated');
  return [
    ...(isDone ? [] : [`${callId}: ${stateOf(cdr)} instead of ${expected.outcome === 'free' ? 'rated' : 'settled'}`]),
    ...compare(`${callId}, reason`, cdr.reasonCode, expected.outcome === 'capped' ? 'capped' : null),
    ...compare(`${callId}, billed seconds`, cdr.billableSeconds, Number(expected.seconds)),
    ...compare(`${callId}, price`, cdr.price, String(expected.price)),
    ...compare(`${callId}, paid`, cdr.paid, expected.outcome === 'free' ? null : String(expected.paid)),
  ];
}

const stateOf = ({ state, reason }: Cdr) => (reason ? `${state} (${reason})` : state);

function escrowDifferences({ opened, record }: Books['escrows'][number], made: readonly Call[]): string[] {
  if (!record) return [`escrow ${opened.id} is closed`];
  const paid = made.filter(({ escrow, expected }) => escrow === opened && expected.paid > 0n);
  return [
    ...compare(`escrow ${opened.id}, spent`, record.spent, sumOfPaid(paid)),
    ...compare(`escrow ${opened.id}, calls`, record.calls, BigInt(paid.length)),
    ...compare(
      `escrow ${opened.id}, seconds`,
      record.seconds,
      paid.reduce((sum, { expected }) => sum + expected.seconds, 0n),
    ),
  ];
}

function balanceDifferences(
  { providers, users }: Cast,
  made: readonly Call[],
  { balanceOf, escrows }: Books,
): string[] {
  return [
    ...providers.flatMap((provider, i) =>
      compare(
        `earned by provider ${i + 1}`,
        balanceOf.get(provider),
        sumOfPaid(made.filter((call) => call.provider === provider)),
      ),
    ),
    ...users.flatMap((user, i) => {
      const reserved = escrows
        .filter(({ opened }) => opened.user === i)
        .reduce((sum, { opened }) => sum + opened.amount, 0n);
      return compare(`balance of user ${i + 1}`, balanceOf.get(user), (deposits[i] ?? 0n) - reserved);
    }),
  ];
}

function sumOfPaid(calls: readonly Call[]): bigint {
  return calls.reduce((sum, { expected }) => sum + expected.paid, 0n);
}
