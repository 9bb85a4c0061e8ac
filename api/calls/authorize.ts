import type { AskedCall, CallAnswer } from '../../protocol/api/calls.ts';
import { freeTerms } from '../../protocol/call/call-price.ts';
import { decidePermission, type Permission, wordsOfRefusal } from '../../protocol/call/permission.ts';
import type { Address } from '../../protocol/types/address.ts';
import type { Deps } from '../deps.ts';
import { Refusal } from '../http/problem.ts';
import { termsShape } from '../http/terms.ts';
import { nonceReplayed } from '../signature/authenticate.ts';
import { useNonce } from '../signature/nonces.ts';
import type { Verified } from '../signature/verify.ts';
import { type CallView, readCall } from './read-call.ts';
import { writeHold } from './write-hold.ts';

/**
 * Of so many requests for one escrow at the same moment one is written each time: 100 lines that are opened at once, and
 * as many again.
 */
const MAX_TRIES = 200;

type Allowed = Extract<Permission, { allowed: true }>;

/**
 * Decides on a call by all that is known, and holds its money: one statement to read, one to write. The write counts
 * only if nothing was promised in between, else all is read and decided anew. The request's nonce is used up with the
 * first write. @throws Refusal nonceReplayed, busy
 */
export async function authorize(
  { db }: Pick<Deps, 'db'>,
  provider: Address,
  asked: AskedCall,
  verified: Verified,
): Promise<CallAnswer> {
  let nonce: Verified | null = verified;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const view = await readCall(db, provider, asked);
    const permission = decidePermission(view.input);
    if (!permission.allowed || permission.hold === null) {
      if (nonce && !(await useNonce(db, nonce))) throw nonceReplayed();
      return answerOf(view, permission);
    }
    const { hold } = permission;
    const priced = { provider, escrowId: view.escrowId as bigint, hold, ...priceOf(view, permission) };
    const written = await writeHold(db, priced, view.version, nonce);
    if (written === 'nonceReplayed') throw nonceReplayed();
    if (written === 'written') return answerOf(view, permission);
    nonce = null;
  }
  throw new Refusal('busy', 'too many calls are asked for out of this escrow at once; ask again');
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
