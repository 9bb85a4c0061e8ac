import { bytesToHex } from '@noble/hashes/utils.js';
import type { Terms } from '../../../protocol/call/price.ts';
import { signVoucher } from '../../../protocol/sign/voucher.ts';
import { datoshi } from '../../../protocol/types/datoshi.ts';
import { review, type Verdict } from '../call/bill.ts';
import { costOf } from '../call/meter.ts';
import type { Needs, Reserved } from './needs.ts';
import { createPayer, type Payer, type Signed } from './payer.ts';
import type { Store } from './store.ts';

/** Who pays for which call: a payer for each escrow, and what it has signed, on disk. */

type KeptReserve = { finished: string; signed: { total: string; signature: string } | null };

export type MoneyDeps = {
  needs: Pick<Needs, 'network' | 'contract' | 'handIn' | 'recordOf'>;
  store: Store;
  now(): number;
  /** Over the line of the call that it names, where that holds. */
  send(callId: string, body: string): Promise<boolean>;
};

export type Money = {
  /** Null: this escrow needs no vouchers. `goesOn`: a call out of it is under way, begun by another page. */
  payerFor(reserved: Reserved, goesOn?: boolean): Promise<Payer | null>;
  payer(escrowId: bigint): Payer | null;
  /** Signs and sends what is due; once a second. `intervalMs` by the call's provider. */
  tick(callId: string, intervalMs: number, answeredAt: number): void;
  /** Waits for the provider's record of a call that is over, and says whether it is right. Null: none came. */
  settle(bill: Bill): Promise<Settled | null>;
};

export type Settled = { verdict: Verdict; price: bigint };

export type Bill = {
  provider: Parameters<Needs['recordOf']>[0];
  callId: string;
  /** Null: nothing more is signed for it. */
  escrowId: bigint | null;
  terms: Terms;
  answeredAt: number;
  endedAt: number;
};

/** A record is handed in within seconds; one that is not there by then is looked at another time. */
const RECORD_TRIES = 20;
const RECORD_WAIT_MS = 3_000;

export function createMoney({ needs, store, now, send }: MoneyDeps): Money {
  const payers = new Map<bigint, Payer>();
  const payerOfCall = (callId: string) => [...payers.values()].find((payer) => payer.talk(callId) !== null);
  /** Calls, with when each was signed for last. */
  const signedAt = new Map<string, number>();

  async function open({ escrowId, amount, spent, key }: Reserved, goesOn: boolean): Promise<Payer | null> {
    if (key === null) return null;
    const kept = await store.get<KeptReserve>('reserves', String(escrowId));
    const signed = readSigned(kept);
    // What was signed was talked: of a page that ended without a word, calls that nobody remembers are in it.
    const known = [spent, BigInt(kept?.finished ?? 0), goesOn ? 0n : (signed?.total ?? 0n)];
    const finished = known.reduce((most, each) => (each > most ? each : most));
    const scope = { network: needs.network, contract: needs.contract, escrowId };
    return createPayer(
      {
        escrowId,
        now,
        sign: async (total) => {
          const { signature } = await signVoucher(key, scope, total);
          return { total, signature: bytesToHex(signature) };
        },
        save: async ({ finished: done, signed }) => {
          const value: KeptReserve = {
            finished: String(done),
            signed: signed && { total: String(signed.total), signature: signed.signature },
          };
          await store.put('reserves', String(escrowId), value);
        },
        send,
        handIn: (signed) => needs.handIn(escrowId, signed),
      },
      { amount, finished, signed },
    );
  }

  return {
    payerFor: async (reserved, goesOn = false) => {
      const known = payers.get(reserved.escrowId);
      const payer = known ?? (await open(reserved, goesOn));
      if (payer) payers.set(reserved.escrowId, payer);
      if (known) known.grow(reserved.amount);
      return payer;
    },
    payer: (escrowId) => payers.get(escrowId) ?? null,
    tick: (callId, intervalMs, answeredAt) => {
      const last = signedAt.get(callId) ?? answeredAt;
      if (now() - last < intervalMs) return;
      signedAt.set(callId, now());
      void payerOfCall(callId)?.tick();
    },
    settle: async ({ provider, callId, escrowId, terms, answeredAt, endedAt }) => {
      signedAt.delete(callId);
      for (let tries = 0; tries < RECORD_TRIES; tries += 1) {
        const record = await needs.recordOf(provider, callId).catch(() => null);
        if (record) {
          const verdict = review(record, { answeredAt, endedAt }, terms);
          const ours = costOf({ terms, answeredAt, until: endedAt }, endedAt);
          if (verdict.kind === 'agreed' && escrowId !== null) await payers.get(escrowId)?.agree(verdict.price - ours);
          return { verdict, price: record.price };
        }
        await new Promise((resolve) => setTimeout(resolve, RECORD_WAIT_MS));
      }
      return null;
    },
  };
}

const readSigned = (kept: KeptReserve | undefined): Signed | null =>
  kept?.signed ? { total: datoshi(BigInt(kept.signed.total)), signature: kept.signed.signature } : null;
