import type { Terms } from '../../../protocol/call/price.ts';
import type { Datoshi } from '../../../protocol/types/datoshi.ts';
import { costOf, type Reserve, type Talk, totalToSign } from '../call/meter.ts';

/** Signs for the calls out of one escrow, each interval for what was talked by then, and for nothing else. */

export type Signed = { total: Datoshi /** r|s in hex. */; signature: string };

export type PayerDeps = {
  escrowId: bigint;
  now(): number;
  sign(total: Datoshi): Promise<Signed>;
  /** On disk before it is sent: a page that starts anew never signs less than it has signed. */
  save(kept: { finished: bigint; signed: Signed | null }): Promise<void>;
  /** Whether the proxy has taken it. Asked on a line that is known to hold, and for one voucher at a time. */
  send(callId: string, body: string): Promise<boolean>;
  /** Takes it from anybody, also when no call is left that could carry it. */
  handIn(signed: Signed): void;
};

export type Payer = {
  reserve(): Reserve;
  /** The person has put more money in. */
  grow(amount: bigint): void;
  /** For the INVITE: what all calls before it have come to. Null: nothing was signed yet. */
  header(): Promise<string | null>;
  begin(callId: string, terms: Terms, answeredAt: number): void;
  /** Its line is down, or holds again: meanwhile its money stands still. */
  stand(callId: string, since: number | null): void;
  talk(callId: string): Talk | null;
  others(callId: string): Talk[];
  /** Signs what is due, and sends the newest that was not taken yet. */
  tick(): Promise<void>;
  /** The provider can be told again: what was talked until the line went down is, before the call goes on. */
  catchUp(): Promise<void>;
  /** The call is over, and this is the last that is signed for it. */
  end(callId: string, endedAt: number): Promise<void>;
  /** The provider's own count of a call that is over, which was found to be right, is more than ours by a rounding. */
  agree(more: bigint): Promise<void>;
};

export function createPayer(
  deps: PayerDeps,
  { amount: atFirst, finished, signed }: { amount: bigint; finished: bigint; signed: Signed | null },
): Payer {
  let amount = atFirst;
  const talks = new Map<string, Talk>();
  let done = finished;
  let newest = signed;
  let taken: bigint = signed?.total ?? 0n;
  let queue: Promise<unknown> = Promise.resolve();
  const reserve = (): Reserve => ({ amount, finished: done, signed: newest?.total ?? 0n });
  /** One after the other, so that a total is never signed out of two states. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work);
    queue = result.catch(() => undefined); // whoever asked for it gets the error
    return result;
  };
  const isDown = () => [...talks.values()].some(({ until }) => until !== null);

  async function signNow(): Promise<void> {
    const total = totalToSign(reserve(), [...talks.values()], deps.now());
    if (total === null) return;
    const made = await deps.sign(total);
    await deps.save({ finished: done, signed: made });
    newest = made;
  }

  async function sendNow(): Promise<void> {
    const [callId] = talks.keys();
    if (newest === null || newest.total <= taken || callId === undefined) return;
    const { total, signature } = newest;
    const body = JSON.stringify({ escrowId: Number(deps.escrowId), total: String(total), signature });
    if (await deps.send(callId, body)) taken = total > taken ? total : taken;
  }

  return {
    reserve,
    grow: (larger) => {
      amount = larger;
    },
    header: () =>
      inTurn(async () => {
        await signNow();
        return newest && `${deps.escrowId};${newest.total};${newest.signature}`;
      }),
    begin: (callId, terms, answeredAt) => talks.set(callId, { terms, answeredAt, until: null }),
    stand: (callId, since) => {
      const talk = talks.get(callId);
      if (talk) talks.set(callId, { ...talk, until: since });
    },
    talk: (callId) => talks.get(callId) ?? null,
    others: (callId) => [...talks].filter(([id]) => id !== callId).map(([, talk]) => talk),
    tick: () =>
      inTurn(async () => {
        if (isDown()) return; // nothing is signed on a line that may be dead
        await signNow();
        await sendNow();
      }),
    catchUp: () =>
      inTurn(async () => {
        await signNow();
        await sendNow();
      }),
    end: (callId, endedAt) =>
      inTurn(async () => {
        const talk = talks.get(callId);
        if (!talk) return;
        talks.delete(callId);
        done += costOf({ ...talk, until: endedAt }, endedAt);
        await deps.save({ finished: done, signed: newest });
        await signNow();
        if (newest !== null && newest.total > taken) deps.handIn(newest);
      }),
    agree: (more) =>
      inTurn(async () => {
        done += more;
        await deps.save({ finished: done, signed: newest });
        await signNow();
        if (newest !== null && newest.total > taken) deps.handIn(newest);
      }),
  };
}
