import { setTimeout as sleep } from 'node:timers/promises';
import { createReader } from '../../chain/read.ts';
import { broadcast } from '../../chain/transaction.ts';
import { contractCall } from '../../protocol/contract/call.ts';
import { MAX_CLAIMS_PER_CALL, MAX_NOTIFICATIONS } from '../../protocol/contract/claim.ts';
import type { SignedTransaction } from '../../protocol/contract/transaction.ts';
import type { Signer } from '../../protocol/sign/signer.ts';
import { datoshi, datoshiPerGas } from '../../protocol/types/datoshi.ts';
import { createFastSigner } from '../signer.ts';
import type { Engine } from './engine.ts';
import { deliver, openEscrows, type Person, sign } from './people.ts';

/** Claims that nobody rates, sums up, seals or follows: what the chain takes of them. */
export type Ceiling = { run(transactions: number): Promise<{ claims: number; seconds: number }> };

const CLAIMS = MAX_NOTIFICATIONS;
const SYSTEM_FEE = 60n * datoshiPerGas;
const POLL_MS = 5;

/** By the first escrows of the contract. */
export async function createCeiling(engine: Engine, provider: Signer): Promise<Ceiling> {
  const people = Array.from({ length: CLAIMS }, (): Person => ({ signer: createFastSigner(), provider }));
  await openEscrows(engine, people, datoshiPerGas);
  const reader = createReader(engine.rpc, engine.contract);
  const ids = people.map((_, i) => BigInt(i + 1));
  let seq = 0n;

  /** Of two that wait, the block takes the one that pays more first: each claim's number is the next one then. */
  const prepare = (networkFee: bigint): Promise<SignedTransaction> => {
    const claims = ids.map((escrowId) => ({
      escrowId,
      seq,
      amount: datoshi(2_000n),
      seconds: 1n,
      calls: 1n,
      cdrRoot: crypto.getRandomValues(new Uint8Array(32)),
      voucher: null,
      close: false,
    }));
    seq += 1n;
    const calls = [];
    for (let i = 0; i < claims.length; i += MAX_CLAIMS_PER_CALL)
      calls.push(contractCall(engine.contract, 'settle', { claims: claims.slice(i, i + MAX_CLAIMS_PER_CALL) }));
    return sign(engine, provider, calls, { systemFee: SYSTEM_FEE, networkFee });
  };

  return {
    run: async (count) => {
      const prepared: SignedTransaction[] = [];
      for (let i = 0; i < count; i += 1) prepared.push(await prepare(datoshiPerGas - BigInt(i) * 1_000_000n));
      const begin = performance.now();
      for (const { bytes } of prepared) await broadcast(engine.rpc, bytes);
      const last = ids.at(-1) as bigint;
      while ((await reader.escrow(last))?.seq !== seq) await sleep(POLL_MS);
      const seconds = (performance.now() - begin) / 1000;
      await deliver(engine, prepared); // none has faulted
      for (const id of ids)
        if ((await reader.escrow(id))?.seq !== seq) throw new Error(`claims of escrow ${id} were rejected`);
      return { claims: count * CLAIMS, seconds };
    },
  };
}
