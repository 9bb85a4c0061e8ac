import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { gasTransfer } from '../../chain/gas.ts';
import { readOutcome } from '../../chain/outcome.ts';
import { send } from '../../chain/send.ts';
import { broadcast } from '../../chain/transaction.ts';
import { contractCall } from '../../protocol/contract/call.ts';
import {
  type ContractCall,
  createNonce,
  type SignedTransaction,
  scriptOf,
  signTransaction,
} from '../../protocol/contract/transaction.ts';
import type { Signer } from '../../protocol/sign/signer.ts';
import { datoshi, datoshiPerGas } from '../../protocol/types/datoshi.ts';
import { height } from '../../protocol/types/height.ts';
import { createFastSigner } from '../signer.ts';
import type { Engine } from './engine.ts';

export type Person = { signer: Signer; provider: Signer };

/** The most that a user agrees to; increments of a second. */
export const terms = { ratePerSecond: 1_000n, feePerCall: 1_000n };

/** Three notifications each, and a transaction has 512 at the most. */
const PAID_AT_A_TIME = 100;
const AT_A_TIME = 16;
/** One of them pays for claims of its own (`ceiling.ts`). */
const PROVIDER_GAS = 100_000n;
const VALID_FOR_BLOCKS = 2_000;
const POLL_MS = 20;
const gas = (amount: bigint) => datoshi(amount * datoshiPerGas);

export async function deployProviders(engine: Engine, count: number): Promise<Signer[]> {
  const providers = Array.from({ length: count }, createFastSigner);
  await pay(engine, providers, PROVIDER_GAS);
  await deliver(
    engine,
    await Promise.all(
      providers.map((signer) =>
        sign(engine, signer, [
          contractCall(engine.contract, 'deploy', { provider: signer.address, location: 'sip.example.org' }),
          contractCall(engine.contract, 'setOperator', { provider: signer.address, operator: engine.operator }),
        ]),
      ),
    ),
  );
  return providers;
}

/** Users with a provider and an open escrow each, all by transactions that they sign themselves. */
export async function openEscrows(engine: Engine, people: readonly Person[], amount: bigint): Promise<void> {
  const { contract } = engine;
  await pay(
    engine,
    people.map(({ signer }) => signer),
    1n,
    amount,
  );
  const transactions = people.map(({ signer, provider }) => {
    const [user, of] = [signer.address, provider.address];
    return sign(engine, signer, [
      contractCall(contract, 'register', { user, provider: of, uuid: randomUUID() }),
      contractCall(contract, 'openEscrow', {
        user,
        provider: of,
        amount: datoshi(amount),
        ratePerSecond: datoshi(terms.ratePerSecond),
        feePerCall: datoshi(terms.feePerCall),
        increment: 1n,
        maxParallel: 100n,
        durationMs: 86_400_000n,
        claimWindowMs: 3_600_000n,
        voucherKey: null,
      }),
    ]);
  });
  await deliver(engine, await Promise.all(transactions));
}

/** GAS for fees, and what each reserves, on its balance in the contract. */
async function pay(engine: Engine, people: readonly Signer[], forFees: bigint, deposited = 0n): Promise<void> {
  const { treasury, contract, rpc, network } = engine;
  for (let i = 0; i < people.length; i += PAID_AT_A_TIME) {
    const calls = people.slice(i, i + PAID_AT_A_TIME).flatMap(({ address }): ContractCall[] => {
      const own = gasTransfer(treasury.address, address, gas(forFees));
      const kept = gasTransfer(treasury.address, contract, datoshi(deposited), { hash160: address });
      return deposited > 0n ? [own, kept] : [own];
    });
    await send({ rpc, network, signer: treasury }, calls, { mustReturnTrue: true });
  }
}

/** Fees that suffice for what a person does here. */
const usualFees = { systemFee: gas(1n) / 2n, networkFee: gas(1n) / 10n };

export async function sign(
  { rpc, network }: Engine,
  signer: Signer,
  calls: readonly ContractCall[],
  { systemFee, networkFee } = usualFees,
): Promise<SignedTransaction> {
  const validUntilBlock = height((await rpc.call('getblockcount')) + VALID_FOR_BLOCKS);
  const [system, network_] = [datoshi(systemFee), datoshi(networkFee)];
  const content = { script: scriptOf(calls), validUntilBlock, nonce: createNonce() };
  return signTransaction({ ...content, systemFee: system, networkFee: network_ }, signer, network);
}

/** Sends all and waits until each is in a block. @throws where one of them faults */
export async function deliver({ rpc }: Engine, transactions: readonly SignedTransaction[]): Promise<void> {
  await inParallel(transactions, ({ bytes }) => broadcast(rpc, bytes));
  await inParallel(transactions, async ({ hash, validUntilBlock }) => {
    for (;;) {
      const outcome = await readOutcome(rpc, hash, validUntilBlock);
      if (outcome.kind === 'executed' && outcome.execution.state === 'HALT') return;
      if (outcome.kind !== 'pending') throw new Error(`transaction ${hash}: ${JSON.stringify(outcome)}`);
      await sleep(POLL_MS);
    }
  });
}

export async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const waiting = items.values();
  await Promise.all(
    Array.from({ length: AT_A_TIME }, async () => {
      for (const item of waiting) await work(item);
    }),
  );
}
