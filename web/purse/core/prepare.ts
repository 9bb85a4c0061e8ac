import { readGasBalance } from '../../../chain/gas.ts';
import { readVersion } from '../../../chain/rpc.ts';
import { prepareScript } from '../../../chain/transaction.ts';
import { UnreadableTransaction } from '../../../protocol/contract/read-transaction.ts';
import { contentBytes } from '../../../protocol/contract/transaction.ts';
import type { Address } from '../../../protocol/types/address.ts';
import { datoshi } from '../../../protocol/types/datoshi.ts';
import type { PublicKey } from '../../../protocol/types/public-key.ts';
import { signatureScript } from '../../../protocol/types/verification-script.ts';
import { type Action, scriptOfAction } from './action.ts';
import type { Chain } from './chain.ts';
import { type Refusal, refusalOf, refused } from './refusal.ts';
import { type Deed, type Statement, statementOf } from './statement.ts';

export type Identity = { address: Address; publicKey: PublicKey };

/** Bytes that can be signed, and what they say when they are read back. */
export type Prepared = { kind: 'prepared'; content: Uint8Array; statement: Statement };

/** A person reads, thinks, and looks for their wallet; then the network needs a block or two. */
const VALID_FOR_MS = 300_000;
const MIN_VALID_BLOCKS = 20;

/** Tries the action on the chain without doing it, and writes the transaction that would do it. */
export async function prepare(chain: Chain, identity: Identity, action: Action): Promise<Prepared | Refusal> {
  const { rpc, contract } = chain;
  const { address } = identity;
  try {
    const { msPerBlock, maxValidUntilBlockIncrement } = await readVersion(rpc);
    const own = await readGasBalance(rpc, address);
    const out = outOf(action);
    if (own < out) return refused('tooLittleGas', { needed: out, own });
    const transaction = await prepareScript(rpc, scriptOfAction(action, { address, contract }), {
      signer: { address, verificationScript: signatureScript(identity.publicKey) },
      validForBlocks: blocksOf(msPerBlock, maxValidUntilBlockIncrement),
    });
    const needed = datoshi(out + transaction.systemFee + transaction.networkFee);
    if (own < needed) return refused('tooLittleGas', { needed, own });
    return inspect(contentBytes(transaction, address), action, { contract, signer: address });
  } catch (error) {
    return refusalOf(error);
  }
}

const blocksOf = (msPerBlock: number, limit: number): number =>
  Math.min(Math.max(Math.ceil(VALID_FOR_MS / msPerBlock), MIN_VALID_BLOCKS), limit);

/** GAS that leaves the account itself, besides the fees. */
function outOf(action: Action) {
  if (action.kind === 'deposit' || action.kind === 'send') return action.amount;
  return action.kind === 'openEscrow' ? action.deposit : datoshi(0n);
}

/** Reads the bytes back: what is shown and signed is what they say, and it has to be what was asked for. */
export function inspect(
  content: Uint8Array,
  action: Action,
  at: Parameters<typeof statementOf>[1],
): Prepared | Refusal {
  try {
    const statement = statementOf(content, at);
    if (statement.fault !== null) return refused('unsafe', { fault: statement.fault });
    const asked = deedsOf(action, at.signer);
    if (!isSame(statement.deeds, asked)) return refused('unsafe', { fault: 'notAsAsked' });
    return { kind: 'prepared', content, statement };
  } catch (error) {
    if (error instanceof UnreadableTransaction) return refused('unsafe', { fault: 'unreadable' });
    throw error;
  }
}

/** The deeds that an action consists of. */
export function deedsOf(action: Action, user: Address): Deed[] {
  switch (action.kind) {
    case 'deposit':
      return [{ kind: 'deposit', from: user, account: user, amount: action.amount }];
    case 'send':
      return [{ kind: 'send', from: user, to: action.to, amount: action.amount }];
    case 'withdraw':
      return [{ kind: 'withdraw', account: user, amount: action.amount }];
    case 'register':
    case 'unregister':
      return [{ ...action, user }];
    case 'openEscrow': {
      const { deposit, ...terms } = action;
      const paid: Deed[] = deposit > 0n ? [{ kind: 'deposit', from: user, account: user, amount: deposit }] : [];
      return [...paid, { ...terms, user }];
    }
    case 'extend':
    case 'close':
    case 'refund':
      return [action];
    default:
      return action satisfies never;
  }
}

const isSame = (some: Deed[], others: Deed[]): boolean => canonical(some) === canonical(others);

const canonical = (deeds: Deed[]): string =>
  JSON.stringify(
    deeds.map((deed) => Object.entries(deed).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    (_, value) => (typeof value === 'bigint' ? `${value}` : value),
  );
