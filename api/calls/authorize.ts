import type { Database } from '../../database/connection.ts';
import type { AskedCall, CallAnswer } from '../../protocol/api/calls.ts';
import { freeTerms } from '../../protocol/call/call-price.ts';
import { decidePermission, type Permission, wordsOfRefusal } from '../../protocol/call/permission.ts';
import type { Address } from '../../protocol/types/address.ts';
import { createBatching, runApart } from '../batching.ts';
import { Refusal } from '../http/problem.ts';
import { termsShape } from '../http/terms.ts';
import { nonceReplayed } from '../signature/authenticate.ts';
import type { Verified } from '../signature/verify.ts';
import { type CallView, type Question, readCalls } from './read-calls.ts';
import { type PricedHold, writeHolds } from './write-holds.ts';

const MAX_BATCHES = 2;
/** Rows that Postgres reads and writes within some ten milliseconds. */
const MAX_QUESTIONS = 64;
/** Of so many servers' promises out of one escrow at the same moment one is written each time. */
const MAX_TRIES = 200;

type Waiting = Question & {
  tries: number;
  answer: (answer: CallAnswer) => void;
  refuse: (error: unknown) => void;
};
type Allowed = Extract<Permission, { allowed: true }>;

export type Authorize = (provider: Address, asked: AskedCall, verified: Verified) => Promise<CallAnswer>;

/**
 * Decides on calls by all that is known, and holds their money: one statement to read, one to write, for all that are
 * asked at the same time. A decision counts only if nothing was promised out of its escrow in between, else all is read
 * and decided anew. A request's nonce is used up with the first read. @throws Refusal nonceReplayed, busy, indexNotReady
 */
export function createAuthorize(db: Database): Authorize {
  const ask = createBatching<Waiting>({
    atATime: MAX_BATCHES,
    take: (waiting, share) => waiting.splice(0, Math.min(share, MAX_QUESTIONS)),
    run: (batch) => runApart(batch, (each) => decideAll(db, each)),
  });
  return (provider, asked, verified) =>
    new Promise((answer, refuse) => ask({ provider, asked, nonce: verified, tries: 0, answer, refuse }));
}

/** Each is answered or refused; answers those that have to be decided anew. */
async function decideAll(db: Database, batch: readonly Waiting[]): Promise<Waiting[]> {
  const views = await readCalls(db, batch);
  const again: Waiting[] = [];
  const promises: { each: Waiting; view: CallView; permission: Permission; hold: PricedHold }[] = [];
  const taken = new Set<bigint | string>();
  for (const [i, each] of batch.entries()) {
    const view = views[i];
    if (!view) {
      each.refuse(nonceReplayed());
      continue;
    }
    each.nonce = null;
    const permission = decidePermission(view.input);
    const hold = holdOf(each.provider, view, permission);
    if (!hold) each.answer(answerOf(view, permission));
    // One out of an escrow at a time: the next one is decided by what this one was promised.
    else if (taken.has(hold.escrowId) || taken.has(callOf(each))) again.push(each);
    else {
      taken.add(hold.escrowId).add(callOf(each));
      promises.push({ each, view, permission, hold });
    }
  }
  if (promises.length === 0) return again;
  const written = await writeHolds(
    db,
    promises.map(({ hold }) => hold),
  );
  for (const [i, { each, view, permission }] of promises.entries()) {
    each.tries += 1;
    if (written[i]) each.answer(answerOf(view, permission));
    else if (each.tries < MAX_TRIES) again.push(each);
    else each.refuse(new Refusal('busy', 'too many calls are asked for out of this escrow at once; ask again'));
  }
  return again;
}

const callOf = ({ provider, asked }: Question) => `${provider} ${asked.callId}`;

function holdOf(provider: Address, view: CallView, permission: Permission): PricedHold | null {
  if (!permission.allowed || permission.hold === null) return null;
  const { escrowId, version } = view;
  return { provider, escrowId: escrowId as bigint, version, hold: permission.hold, ...priceOf(view, permission) };
}

function priceOf({ input: { price } }: CallView, { terms, entry }: Allowed) {
  const tariffHash = price.kind === 'priced' || price.kind === 'free' ? price.tariffHash : null;
  return { terms: terms ?? freeTerms, entry, tariffHash };
}

function answerOf(view: CallView, permission: Permission): CallAnswer {
  const { height } = view;
  if (!permission.allowed)
    return { allowed: false, reason: permission.reason, detail: wordsOfRefusal(permission.reason), height };
  const { terms, entry, tariffHash } = priceOf(view, permission);
  return {
    allowed: true,
    escrowId: Number(view.escrowId),
    maxSeconds: permission.maxSeconds,
    ...termsShape(terms),
    entry,
    tariffHash,
    holdUntil: permission.hold?.holdUntil.toISOString() ?? null,
    height,
  };
}
