import { RpcError, rpcCode } from '../../../chain/errors.ts';
import { gasContract } from '../../../chain/gas.ts';
import { readExecuted } from '../../../chain/outcome.ts';
import type { Client } from '../../../protocol/api/client.ts';
import { type Escrow, getEscrow, HISTORY_IN_LISTS, listEscrows } from '../../../protocol/api/escrows.ts';
import { type ClaimCode, claimCode } from '../../../protocol/contract/claim.ts';
import { type ContractEvent, decodeEvent } from '../../../protocol/contract/event.ts';
import { type Address, addressOfBytes, hash160Bytes } from '../../../protocol/types/address.ts';
import { type Datoshi, datoshi } from '../../../protocol/types/datoshi.ts';
import type { TxHash } from '../../../protocol/types/hash.ts';
import type { Chain } from './chain.ts';

/** What moved an account's money on the chain, whoever did it, and what its providers were kept from. */
export type Movement = { txHash: TxHash; time: Date } /** GAS of the account itself; by the node. */ & (
  | { kind: 'received' | 'paid'; amount: Datoshi; other: Address; isContract: boolean }
  /** Of an escrow; by the service, to be held against the chain. */
  | { kind: 'settled' | 'cameBack'; amount: Datoshi; escrowId: bigint }
  | { kind: 'overclaimed'; beyond: Beyond; escrowId: bigint }
);

/** What a provider may not claim more than. */
const limits = ['overAmount', 'overRate', 'overTime', 'badVoucher'] as const satisfies ClaimCode[];
export type Beyond = (typeof limits)[number];

const beyondOf = (code: unknown): Beyond | undefined => limits.find((name) => claimCode[name] === Number(code));

const MAX_TRANSFERS = 100;
const SINCE_MS = 90 * 86_400_000;

/** GAS that came and went in the last three months; null: this node keeps no list of that. */
export async function readTransfers({ rpc, contract }: Chain, address: Address, now: Date): Promise<Movement[] | null> {
  const own = addressOfBytes(hash160Bytes(contract));
  try {
    const since = now.getTime() - SINCE_MS;
    const params = [address, since, now.getTime() + SINCE_MS, MAX_TRANSFERS];
    const { sent, received } = await rpc.call('getnep17transfers', params);
    const movements = (kind: 'paid' | 'received', list: typeof sent): Movement[] =>
      list.flatMap(({ assethash, transferaddress, amount, timestamp, txhash }) => {
        // without another account it is a fee that was burnt, or a reward
        if (assethash !== gasContract || !transferaddress) return [];
        const other = transferaddress as Address;
        const isContract = other === own;
        return [
          { kind, amount: datoshi(BigInt(amount)), other, isContract, time: new Date(timestamp), txHash: txhash },
        ];
      });
    return newestFirst([...movements('paid', sent), ...movements('received', received)]);
  } catch (error) {
    if (error instanceof RpcError && error.code === rpcCode.methodNotFound) return null;
    throw error;
  }
}

/** What escrows paid, gave back and refused, as the service tells it. @throws what the client throws */
export async function readEscrowHistory(client: Client, address: Address): Promise<Movement[]> {
  const { items } = await client.call(listEscrows, { query: { user: address } });
  const isCut = ({ history }: Escrow) => history.length >= HISTORY_IN_LISTS;
  const whole = items.map((each) => (isCut(each) ? client.call(getEscrow, { params: { id: each.id } }) : each));
  return newestFirst((await Promise.all(whole)).flatMap(movementsOf));
}

function movementsOf({ id, history }: Escrow): Movement[] {
  return history.flatMap(({ event, time, txHash, ...fields }): Movement[] => {
    const moved = { escrowId: BigInt(id), time: new Date(time), txHash: txHash as TxHash };
    if (event === 'EscrowSettled') return [{ kind: 'settled', amount: moneyOf(fields.amount), ...moved }];
    if (event === 'EscrowClosed') return [{ kind: 'cameBack', amount: moneyOf(fields.refunded), ...moved }];
    const beyond = event === 'ClaimRejected' ? beyondOf(fields.code) : undefined;
    return beyond ? [{ kind: 'overclaimed', beyond, ...moved }] : [];
  });
}

const moneyOf = (value: unknown): Datoshi => datoshi(/^\d{1,19}$/.test(String(value)) ? BigInt(String(value)) : 0n);

/** Whether the chain says the same of that transaction. */
export async function isOnChain({ rpc, contract }: Chain, movement: Movement): Promise<boolean> {
  const executed = await readExecuted(rpc, movement.txHash);
  if (executed?.execution.state !== 'HALT') return false;
  if ('other' in movement) return true; // the node itself has told it
  return executed.execution.notifications.some(({ contract: by, name, state }) => {
    if (by !== contract) return false;
    return isThat(movement, decodeEvent(name, state));
  });
}

function isThat(movement: Exclude<Movement, { other: Address }>, event: ContractEvent): boolean {
  const { escrowId } = movement;
  switch (movement.kind) {
    case 'settled':
      return event.name === 'EscrowSettled' && event.id === escrowId && event.amount === movement.amount;
    case 'cameBack':
      return event.name === 'EscrowClosed' && event.id === escrowId && event.refunded === movement.amount;
    case 'overclaimed':
      return event.name === 'ClaimRejected' && event.escrowId === escrowId && beyondOf(event.code) === movement.beyond;
    default:
      return movement satisfies never;
  }
}

export const newestFirst = (movements: readonly Movement[]): Movement[] =>
  movements.toSorted((a, b) => b.time.getTime() - a.time.getTime());
