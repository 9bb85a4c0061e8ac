import type { EscrowRecord } from '../../chain/read.ts';
import { type Escrow, getEscrow, listEscrows } from '../../protocol/api/escrows.ts';
import type { Address } from '../../protocol/types/address.ts';
import { formatGas } from '../../protocol/types/datoshi.ts';
import { openApi } from '../api.ts';
import type { Settings } from '../config.ts';
import { openChain } from '../connect.ts';
import { fields, money, print, span, table } from '../print.ts';
import { Refusal } from '../refusal.ts';

/**
 * An open escrow as the chain has it; a closed one, which the chain forgets, as the index has it; the history where
 * there is an API.
 */
export async function showEscrow(settings: Settings, id: bigint): Promise<void> {
  const { reader } = await openChain(settings);
  const [record, indexed] = await Promise.all([reader.escrow(id), fromIndex(settings, id)]);
  const { history = [] } = 'escrow' in indexed ? indexed.escrow : {};
  if (record) {
    const { seq, seconds, calls, ...terms } = record;
    const state = stateOf(record, 'escrow' in indexed ? indexed.escrow.state : undefined);
    const counters = { seq: Number(seq), seconds: Number(seconds), calls: Number(calls) };
    print(settings.json, { id: Number(id), state, ...terms, ...counters, history }, () => [
      ...escrowLines(id, record, state),
      ...historyLines(history),
    ]);
    return;
  }
  if ('unknown' in indexed)
    throw new Refusal(`there is no open escrow ${id} on the chain; closed ones only the API knows: ${indexed.unknown}`);
  const { escrow } = indexed;
  print(settings.json, escrow, () => [
    ...fields({
      escrow: `${id}, ${escrow.state}`,
      user: escrow.user,
      provider: escrow.provider,
      amount: money(BigInt(escrow.amount)),
      spent: `${money(BigInt(escrow.spent))} for ${escrow.calls} calls`,
      'given back': money(BigInt(escrow.refunded ?? 0)),
    }),
    ...historyLines(history),
  ]);
}

type Indexed = { escrow: Escrow } | { unknown: string };

async function fromIndex(settings: Settings, id: bigint): Promise<Indexed> {
  try {
    const api = await openApi(settings);
    return { escrow: await api.call(getEscrow, { params: { id: String(id) } }) };
  } catch (error) {
    if (error instanceof Refusal) return { unknown: error.message };
    throw error;
  }
}

/** The chain has no field for it; its times tell whether calls can still be made. */
function stateOf(record: EscrowRecord, indexed: string | undefined): string {
  if (indexed === 'closing') return 'closing';
  return record.endsAt.getTime() > Date.now() ? 'open' : 'ended';
}

export function escrowLines(
  id: bigint,
  record: EscrowRecord,
  state: string,
  more: Parameters<typeof fields>[0] = {},
): string[] {
  const now = Date.now();
  return fields({
    escrow: `${id}, ${state}`,
    user: record.user,
    provider: record.provider,
    amount: money(record.amount),
    spent: `${money(record.spent)} for ${record.calls} calls, ${record.seconds} s`,
    left: money(record.amount - record.spent),
    price: `at most ${record.ratePerSecond} datoshi/s and ${record.feePerCall} datoshi a call, counted by ${record.increment} s`,
    'parallel calls': record.maxParallel,
    'opened at': record.openedAt.toISOString(),
    'ends at': `${record.endsAt.toISOString()} (${untilText(record.endsAt, now)})`,
    'claims until': `${record.claimDeadline.toISOString()} (${untilText(record.claimDeadline, now)})`,
    'voucher key': record.voucherKey ?? 'none: the provider need not show vouchers',
    ...more,
  });
}

const untilText = (time: Date, now: number) =>
  time.getTime() > now ? `in ${span(time.getTime() - now)}` : `${span(now - time.getTime())} ago`;

function historyLines(history: readonly { event: string; height: number; time: string; txHash: string }[]): string[] {
  if (history.length === 0) return [];
  const rows = history.map(({ event, height, time, txHash }) => [event, String(height), time, txHash]);
  return ['', ...table(['event', 'block', 'time', 'transaction'], rows, '')];
}

export async function showEscrows(
  settings: Settings,
  user: Address,
  { state, limit }: { state?: Escrow['state']; limit: number },
): Promise<void> {
  const api = await openApi(settings);
  const { items, next } = await api.call(listEscrows, { query: { user, limit, state } });
  print(settings.json, { items, next }, () => [
    ...table(
      ['id', 'state', 'provider', 'amount GAS', 'spent GAS', 'calls', 'ends at'],
      items.map((escrow) => [
        String(escrow.id),
        escrow.state,
        escrow.provider,
        formatGas(BigInt(escrow.amount)),
        formatGas(BigInt(escrow.spent)),
        String(escrow.calls),
        escrow.endsAt,
      ]),
      `${user} has no ${state ?? ''} escrow`.replace('  ', ' '),
    ),
    ...(next === null ? [] : [`there are more than ${limit}: --limit <n> shows up to 1000`]),
  ]);
}
