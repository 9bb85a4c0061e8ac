import type { Cdr } from '../../protocol/api/cdrs.ts';
import { formatGas } from '../../protocol/types/datoshi.ts';
import { money, table } from '../print.ts';
import type { Books } from './books.ts';
import type { Call } from './calls.ts';
import type { Cast } from './cast.ts';
import type { Conservation } from './conservation.ts';
import { deposits } from './plan.ts';
import type { Offer } from './prices.ts';
import type { RealCalls } from './real-calls.ts';

/** What a minute costs with each provider, the cheapest first. */
export function pricesTable(offers: readonly Offer[]): string[] {
  return table(
    ['to', 'number', 'provider', 'entry', 'datoshi a minute'],
    offers.flatMap(({ place, number, prices }) =>
      prices.map(({ provider, entry, price }) => [place, number, String(provider + 1), entry ?? '', price]),
    ),
    'nobody has a price',
  );
}

/** Who has what at the end; GAS, as the chain says. */
export function partiesTable({ providers, users }: Cast, { balanceOf, escrows }: Books): string[] {
  const rows = users.map((user, i) => {
    const own = escrows.filter(({ opened }) => opened.user === i).map(({ record }) => record);
    const reserved = own.reduce((sum, record) => sum + (record ? record.amount - record.spent : 0n), 0n);
    const balance = balanceOf.get(user) ?? 0n;
    const deposited = deposits[i] ?? 0n;
    return [`user ${i + 1}`, user.address, deposited, reserved, deposited - reserved - balance, balance, null] as const;
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

/** Of calls over real SIP. */
export function realTable({ calls }: RealCalls): string[] {
  return table(
    ['call', 'Call-ID', 'answer', 'seconds', 'paid datoshi', 'transaction'],
    calls.map(({ name, callId, answer, cdr }) => {
      const ms = cdr?.answeredAt ? Date.parse(cdr.endedAt) - Date.parse(cdr.answeredAt) : null;
      return [name, callId, answer, ms === null ? '-' : (ms / 1000).toFixed(3), cdr?.paid ?? '0', cdr?.txHash ?? '-'];
    }),
    'no call',
  );
}

/** What was paid for each call, and why. */
export function callsTable(made: readonly Call[], decided: ReadonlyMap<Call, Cdr>): string[] {
  return table(
    ['call', 'user', 'provider', 'escrow', 'to', 'talked', 'billed', 'paid datoshi', 'state', 'why'],
    made.map((call, i) => {
      const { planned, escrow, expected } = call;
      const cdr = decided.get(call);
      return [
        String(i + 1),
        String(escrow.user + 1),
        String(escrow.provider + 1),
        `${escrow.id}${escrow.withVoucher ? ' (vouchers)' : ''}`,
        planned.to,
        expected.talkedMs === null ? '-' : `${expected.talkedMs / 1000} s`,
        cdr ? `${cdr.billableSeconds ?? '?'} s` : '-',
        cdr?.paid ?? '0',
        cdr?.state ?? '-',
        whyOf(call, cdr),
      ];
    }),
    'no call',
  );
}

function whyOf({ planned, permission, verdicts }: Call, cdr: Cdr | undefined): string {
  if (!permission.allowed) return `not allowed (${permission.reason}): ${permission.detail}`;
  const again = verdicts.length > 1 ? ` (sent twice: ${verdicts.map(({ verdict }) => verdict).join(', ')})` : '';
  if (planned.talkMs === null) return `nobody answered${again}`;
  const { ratePerSecond, feePerCall, increments, entry } = permission;
  const sum = `${feePerCall} + ${cdr?.billableSeconds ?? '?'} x ${ratePerSecond}`;
  const by = `by ${increments.initial}/${increments.further} s, entry ${entry}`;
  const cut = planned.cutAfterS === undefined ? '' : `, cut: the money reached for ${permission.maxSeconds} s`;
  return `${sum} ${by}${cut}${again}`;
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
