import { type NodeUnavailable, WrongNode } from '../../../chain/errors.ts';
import { datoshi } from '../../../protocol/types/datoshi.ts';
import { formatAmount, formatTime } from '../../ui/format.ts';
import { language, t } from '../../ui/strings/strings.ts';
import type { Allowed } from '../core/delegate.ts';
import type { Entry } from '../core/journal.ts';
import { ofFault, type Refusal } from '../core/refusal.ts';
import type { Deed } from '../core/statement.ts';

/** Deeds and refusals in the person's language. */

export function deedWords(deed: Deed): string {
  const { sentence } = t.value.purse;
  switch (deed.kind) {
    case 'deposit':
      return deed.from === deed.account
        ? sentence.deposit(formatAmount(deed.amount))
        : sentence.depositFor(formatAmount(deed.amount), deed.account);
    case 'send':
      return sentence.send(formatAmount(deed.amount), deed.to);
    case 'withdraw':
      return sentence.withdraw(formatAmount(deed.amount), deed.account);
    case 'register':
      return sentence.register(deed.provider);
    case 'unregister':
      return sentence.unregister(deed.provider);
    case 'openEscrow':
      return openWords(deed);
    case 'extend':
      return extendWords(deed);
    case 'close':
      return sentence.close(String(deed.id));
    case 'refund':
      return sentence.refund(String(deed.id));
    case 'unknown':
      return sentence.unknown(deed.contract, deed.method);
    default:
      return deed satisfies never;
  }
}

function openWords(deed: Extract<Deed, { kind: 'openEscrow' }>): string {
  const { sentence } = t.value.purse;
  const minute = formatAmount(datoshi(deed.ratePerSecond * 60n));
  const main = sentence.openEscrow(formatAmount(deed.amount), deed.provider, minute, formatSpan(deed.durationMs));
  return deed.feePerCall === 0n ? main : `${main} ${sentence.openEscrowFee(formatAmount(deed.feePerCall))}`;
}

function extendWords({ id, amount, durationMs }: Extract<Deed, { kind: 'extend' }>): string {
  const { sentence } = t.value.purse;
  if (durationMs === 0) return sentence.extendMoney(formatAmount(amount), String(id));
  if (amount === 0n) return sentence.extendTime(formatSpan(durationMs), String(id));
  return sentence.extendBoth(formatAmount(amount), formatSpan(durationMs), String(id));
}

/** What else a person may want to know before they sign. */
export function deedNotes(deed: Deed): string[] {
  if (deed.kind !== 'openEscrow') return [];
  const { sentence } = t.value.purse;
  return [
    deed.voucherKey === null ? sentence.withoutVouchers : sentence.withVouchers,
    sentence.terms(deed.increment, deed.maxParallel, formatSpan(deed.claimWindowMs)),
  ];
}

/** What a delegation allows. */
export function allowedWords({ until, reads, registers }: Allowed): string {
  const { ask } = t.value.purse;
  const day = formatTime(until);
  if (reads && registers) return ask.allowBoth(day);
  return reads ? ask.allowRead(day) : ask.allowRegister(day);
}

export function refusalWords(refusal: Refusal): string {
  const { refusal: words } = t.value.purse;
  switch (refusal.code) {
    case 'tooLittleGas':
      return words.tooLittleGas(formatAmount(refusal.needed), formatAmount(refusal.own));
    case 'fault':
      return faultWords(refusal.fault);
    case 'refusedByNode':
    case 'refusedByChain':
    case 'walletUnable':
      return words[refusal.code](refusal.detail);
    case 'tooLittleForFees':
    case 'nodeAway':
    case 'wrongNetwork':
    case 'wrongContract':
    case 'unsafe':
    case 'expired':
    case 'declined':
    case 'wrongSignature':
      return words[refusal.code];
    default:
      return refusal satisfies never;
  }
}

function faultWords(fault: string): string {
  const { fault: known, faultOther } = t.value.purse;
  return Object.hasOwn(known, fault) ? known[fault as keyof typeof known] : faultOther(fault);
}

export function entryWords({ state }: Entry): string {
  const { entry } = t.value.purse;
  switch (state.kind) {
    case 'done':
      return entry.done(String(state.height));
    case 'failed':
      return `${entry.failed}: ${refusalWords(ofFault(state.exception))}`;
    case 'refused':
      return `${entry.refused}: ${refusalWords(state.refusal)}`;
    case 'sending':
    case 'sent':
    case 'expired':
      return entry[state.kind];
    default:
      return state satisfies never;
  }
}

/** While a transaction is waited for. */
export const troubleWords = (trouble: NodeUnavailable | WrongNode): string =>
  trouble instanceof WrongNode ? t.value.purse.refusal.wrongNetwork : t.value.purse.ask.waitingNode;

const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

/** "1 day 3 hours": the two largest units that say something. */
export function formatSpan(ms: number): string {
  const texts: string[] = [];
  let rest = ms;
  for (const [unit, size] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) texts.push(unitText(count, unit));
  }
  return texts.slice(0, 2).join(' ') || unitText(0, 'second');
}

const unitText = (count: number, unit: string): string =>
  new Intl.NumberFormat(language.value, { style: 'unit', unit, unitDisplay: 'long' }).format(count);
