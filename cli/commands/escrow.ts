import { type Command, Option } from 'commander';
import type { EscrowRecord } from '../../chain/read.ts';
import { type Receipt, send } from '../../chain/send.ts';
import { contractCall } from '../../protocol/contract/call.ts';
import type { Address } from '../../protocol/types/address.ts';
import type { Datoshi } from '../../protocol/types/datoshi.ts';
import type { PublicKey } from '../../protocol/types/public-key.ts';
import { toAddress, toCount, toDatoshi, toDuration, toGas, toId, toPublicKey } from '../arguments.ts';
import type { Settings } from '../config.ts';
import { openSigning, type Signing } from '../connect.ts';
import { fields, money, print } from '../print.ts';
import { act, examples } from '../program.ts';
import { eventOf } from '../receipt.ts';
import { Refusal } from '../refusal.ts';
import { requireBalance } from './balance.ts';
import { escrowLines, showEscrow, showEscrows } from './escrow-show.ts';

/** Reservations of GAS for calls through one provider. */
export function addEscrow(program: Command): void {
  const escrow = program.command('escrow').description('reserve GAS for calls through one provider');
  addOpen(escrow);
  escrow
    .command('show')
    .description('terms, what is spent, what is left, and until when')
    .argument('<id>', 'number of the escrow', toId)
    .addHelpText('after', examples('escrow show 7'))
    .action(act(showEscrow));
  escrow
    .command('list')
    .description("a user's escrows, as the API's index has them")
    .argument('<user>', "the user's address", toAddress)
    .addOption(new Option('--state <state>', 'only those').choices(['open', 'closing', 'closed']))
    .option('--limit <n>', 'so many at most', toCount('a limit', 1, 1000), 100)
    .addHelpText('after', examples('escrow list NcTk5o… --state open'))
    .action(act(showEscrows));
  escrow
    .command('extend')
    .description('add money, time or both while it is open, so that no call need drop')
    .argument('<id>', 'number of the escrow', toId)
    .option('--amount <GAS>', 'so much more out of your free balance', toGas)
    .option('--duration <time>', 'so much longer, e.g. 30m', toDuration)
    .addHelpText('after', examples('escrow extend 7 --amount 0.5 --duration 30m --wallet me.json'))
    .action(act(extend));
  escrow
    .command('close')
    .description(
      'user: no more time counts from now; provider: closes at once, and what is not claimed yet is never paid',
    )
    .argument('<id>', 'number of the escrow', toId)
    .addHelpText('after', examples('escrow close 7 --wallet me.json'))
    .action(act(close));
  escrow
    .command('refund')
    .description('after the claim deadline: give the rest back to the user; anyone may')
    .argument('<id>', 'number of the escrow', toId)
    .addHelpText('after', examples('escrow refund 7 --wallet me.json'))
    .action(act(refund));
}

type OpenOptions = {
  rate: Datoshi;
  fee: Datoshi;
  increment: number;
  maxParallel: number;
  duration: number;
  claimWindow: number;
  voucherKey?: PublicKey;
};

function addOpen(escrow: Command): void {
  escrow
    .command('open')
    .description(
      'reserve a part of your free balance for calls; rate, fee and increment are the most that you agree to',
    )
    .argument('<provider>', "the provider's address", toAddress)
    .argument('<GAS>', 'amount to reserve', toGas)
    .requiredOption('--rate <datoshi>', 'datoshi per second', toDatoshi)
    .addOption(new Option('--fee <datoshi>', 'datoshi per call').argParser(toDatoshi).default(toDatoshi('0'), '0'))
    .option('--increment <s>', 'coarsest billing increment in seconds', toCount('an increment', 1, 3600), 1)
    .option('--max-parallel <n>', 'calls at the same time', toCount('a number of calls', 1, 100), 1)
    .addOption(duration('--duration <time>', 'how long calls may be made'))
    .addOption(duration('--claim-window <time>', 'how long the provider may claim after that'))
    .option('--voucher-key <hex>', 'nothing is paid without a voucher signed by this key', toPublicKey)
    .addHelpText(
      'after',
      examples(
        'escrow open NcTk5o… 1 --rate 1500 --fee 1000 --increment 6 --max-parallel 2 --duration 8h --wallet me.json',
      ),
    )
    .action(act(open));
}

const duration = (flags: string, description: string) =>
  new Option(flags, description).argParser(toDuration).default(toDuration('1h'), '1h');

async function open(settings: Settings, provider: Address, amount: Datoshi, options: OpenOptions): Promise<void> {
  const chain = await openSigning(settings);
  const { contract, signer } = chain;
  await requireBalance(chain, signer.address, amount);
  const call = contractCall(contract, 'openEscrow', {
    user: signer.address,
    provider,
    amount,
    ratePerSecond: options.rate,
    feePerCall: options.fee,
    increment: BigInt(options.increment),
    maxParallel: BigInt(options.maxParallel),
    durationMs: BigInt(options.duration),
    claimWindowMs: BigInt(options.claimWindow),
    voucherKey: options.voucherKey === undefined ? null : Buffer.from(options.voucherKey, 'hex'),
  });
  const receipt = await send(chain, [call]);
  const { id } = eventOf(receipt, 'EscrowOpened');
  await printEscrow(settings, chain, id, receipt);
}

async function extend(
  settings: Settings,
  id: bigint,
  { amount, duration }: { amount?: Datoshi; duration?: number },
): Promise<void> {
  if (amount === undefined && duration === undefined)
    throw new Refusal('by how much? give --amount <GAS>, --duration <time>, or both');
  const chain = await openSigning(settings);
  const { contract, signer } = chain;
  const { user } = await requireEscrow(chain, id);
  if (user !== signer.address) throw new Refusal(`escrow ${id} is not yours: its user is ${user}`);
  if (amount !== undefined) await requireBalance(chain, signer.address, amount);
  const args = { id, amount: amount ?? 0n, durationMs: BigInt(duration ?? 0) };
  const receipt = await send(chain, [contractCall(contract, 'extendEscrow', args)]);
  await printEscrow(settings, chain, id, receipt);
}

async function close(settings: Settings, id: bigint): Promise<void> {
  const chain = await openSigning(settings);
  const { contract, signer } = chain;
  const { user, provider } = await requireEscrow(chain, id);
  if (signer.address !== user && signer.address !== provider)
    throw new Refusal(`escrow ${id} is not yours: its user is ${user}, its provider is ${provider}`);
  const receipt = await send(chain, [contractCall(contract, 'closeEscrow', { id })]);
  await printEscrow(settings, chain, id, receipt);
}

async function refund(settings: Settings, id: bigint): Promise<void> {
  const chain = await openSigning(settings);
  const { claimDeadline } = await requireEscrow(chain, id);
  if (claimDeadline.getTime() > Date.now())
    throw new Refusal(`escrow ${id} can be refunded after its claim deadline, ${claimDeadline.toISOString()}`);
  const receipt = await send(chain, [contractCall(chain.contract, 'refund', { id })]);
  await printEscrow(settings, chain, id, receipt);
}

async function requireEscrow({ reader }: Pick<Signing, 'reader'>, id: bigint): Promise<EscrowRecord> {
  const record = await reader.escrow(id);
  if (record) return record;
  throw new Refusal(`there is no open escrow ${id}: it never was, or it is closed`);
}

/** What a transaction made of an escrow: the open one, or what came back when it was closed. */
async function printEscrow(settings: Settings, { reader }: Signing, id: bigint, receipt: Receipt): Promise<void> {
  const record = await reader.escrow(id);
  const { txHash, height, events } = receipt;
  const transaction = { transaction: txHash, block: height };
  if (record) {
    const state = events.some(({ name }) => name === 'EscrowClosing') ? 'closing' : 'open';
    print(settings.json, { txHash, height, ...escrowJson(id, record, state) }, () =>
      escrowLines(id, record, state, transaction),
    );
    return;
  }
  const { refunded } = eventOf(receipt, 'EscrowClosed');
  print(settings.json, { txHash, height, id: Number(id), state: 'closed', refunded }, () =>
    fields({ escrow: `${id}, closed`, 'given back': money(refunded), ...transaction }),
  );
}

function escrowJson(id: bigint, record: EscrowRecord, state: string) {
  const { seq, seconds, calls, ...terms } = record;
  return { id: Number(id), state, ...terms, seq: Number(seq), seconds: Number(seconds), calls: Number(calls) };
}
