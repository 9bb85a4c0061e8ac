import type { Cdr } from '../../protocol/api/cdrs.ts';
import { formatGas } from '../../protocol/types/datoshi.ts';
import { money, table } from '../print.ts';
import type { Books } from './books.ts';
import type { Call, Sent } from './calls.ts';
import type { Cast } from './cast.ts';
import type { Conservation } from './conservation.ts';
import { deposits } from './plan.ts';

/** Who has what at the end; GAS, as the chain says. */
export function partiesTable({ providers, users }: Cast, { balanceOf, escrows }: Books): string[] {
  const rows = users.map((user, i) => {
    const own = escrows.filter(({ opened }) => opened.user === i).map(({ record }) => record);
    const sumOf = (pick: 'amount' | 'spent') => own.reduce((sum, record) => sum + (record?.[pick] ?? 0n), 0n);
    const spent = sumOf('spent');
    return [
      `user ${i + 1}`,
      user.address,
      deposits[i] ?? 0n,
      sumOf('amount') - spent,
      spent,
      balanceOf.get(user) ?? 0n,
      null,
    ] as const;
  });
  const earned = providers.map(
    (provider, i) =>
      [`provider ${i + 1}`, provider.address, null, null, null, null, balanceOf.get(provider) ?? 0n] as const,
  );
  return table(
    ['party', 'address', 'deposited', 'reserved', 'spent', 'balance', 'earned'],
    [...rows, ...earned].map((row) => row.map((cell) => (typeof cell === 'bigint' ? formatGas(cell) : (cell ?? '')))),
    'nobody',
  );
}

/** What was paid for each call, and why. */
export function callsTable(made: readonly Call[], sent: Sent, decided: ReadonlyMap<Call, Cdr>): string[] {
  return table(
    [
      'call',
      'user',
      'provider',
      'escrow',
      'talked',
      'billed',
      'by',
      'datoshi/s',
      'fee',
      'paid datoshi',
      'state',
      'why',
    ],
    made.map((call, i) => {
      const { planned, escrow } = call;
      const cdr = decided.get(call);
      return [
        String(i + 1),
        String(escrow.user + 1),
        String(escrow.provider + 1),
        `${escrow.id}${escrow.withVoucher ? ' (vouchers)' : ''}`,
        planned.talkMs === null ? '-' : `${planned.talkMs / 1000} s`,
        `${cdr?.billableSeconds ?? '?'} s`,
        `${escrow.terms.increment} s`,
        String(escrow.terms.ratePerSecond),
        String(escrow.terms.feePerCall),
        cdr?.paid ?? '0',
        cdr?.state ?? 'unknown',
        whyOf(call, sent),
      ];
    }),
    'no call',
  );
}

function whyOf({ planned, escrow, expected, cdr: { callId } }: Call, sent: Sent): string {
  const verdicts = sent.filter(({ call }) => call.cdr.callId === callId).map(({ verdict }) => verdict.verdict);
  const again = verdicts.length > 1 ? ` (sent twice: ${verdicts.join(', ')})` : '';
  if (planned.talkMs === null) return `nobody answered${again}`;
  if (expected.outcome === 'capped')
    return `${expected.price} are more than is reserved: when the escrow had ended, its ${escrow.amount} were paid`;
  return `${escrow.terms.feePerCall} + ${expected.seconds} x ${escrow.terms.ratePerSecond}${again}`;
}

export function lawLines({ height, held, accounts, balances, openEscrows, reserved }: Conservation): string[] {
  const sum = balances + reserved;
  return [
    `GAS that the contract holds at block ${height}:  ${money(held)}`,
    `  balances of all ${accounts} accounts in it:  ${money(balances)}`,
    `  not yet spent in all ${openEscrows} open escrows:  ${money(reserved)}`,
    `  sum:  ${money(sum)}: ${sum === held ? 'equal' : 'NOT EQUAL'}`,
  ];
}
