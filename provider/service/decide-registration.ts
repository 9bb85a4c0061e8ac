import type { RegistrationRecord } from '../../chain/read.ts';
import { type Delegation, delegationFault } from '../../protocol/sign/delegation.ts';
import { isRegistrationValid, type RegistrationProof } from '../../protocol/sign/registration.ts';
import { type Address, addressOfPublicKey } from '../../protocol/types/address.ts';
import type { ScriptHash } from '../../protocol/types/hash.ts';

/** Whether a phone is its user's: four ways to show it, decided by values alone. */

/** What a REGISTER says beside who it is for. The first one that is there counts: session, signature, token. */
export type Shown = {
  session: boolean;
  proof: RegistrationProof | null;
  delegation: Delegation | null;
  token: string | null;
};

/** A nonce is good for one address, on the very connection on which it was given, once. */
export type Nonce = { nonce: string; user: Address; connection: string; expiresAt: Date };

/** A device that has shown once that it is its user's. */
export type Session = { user: Address; expiresAt: Date; notAfter: Date };

export type RegistrationFacts = {
  network: number;
  contract: ScriptHash;
  provider: Address;
  user: Address;
  connection: string;
  now: Date;
  /** The nonces that this connection was given for this address. */
  nonces: readonly Nonce[];
  /** Whose secret was shown; null where nobody knows it. */
  session: Session | null;
  /** Of the user, from the chain. */
  registrations: readonly RegistrationRecord[];
};

/** 10 minutes: an installed wallet asks its person, and a block has to come. */
export const NONCE_MS = 600_000;
export const SESSION_MS = 30 * 86_400_000;

/** Why not, with the SIP status and the words of the answer. 401 says: a fresh nonce comes with it, try again. */
export const registrationRefusals = {
  ask: { status: 401, phrase: 'Sign The Nonce' },
  notRegistered: { status: 403, phrase: 'Not Registered On Chain' },
  wrongNonce: { status: 401, phrase: 'Nonce Unknown Or Expired' },
  wrongKey: { status: 403, phrase: 'Key Of Another Address' },
  badSignature: { status: 403, phrase: 'Signature Does Not Hold' },
  sessionUnknown: { status: 401, phrase: 'Session Unknown Or Expired' },
  delegationForeign: { status: 403, phrase: 'Delegation For Another Key' },
  delegationExpired: { status: 403, phrase: 'Delegation Expired' },
  delegationTooLong: { status: 403, phrase: 'Delegation Too Long' },
  delegationOutOfScope: { status: 403, phrase: 'Delegation Not For Registration' },
  delegationInvalid: { status: 403, phrase: 'Delegation Does Not Hold' },
  otherNetwork: { status: 403, phrase: 'Other Network Or Contract' },
  otherProvider: { status: 403, phrase: 'Other Provider' },
  malformed: { status: 400, phrase: 'Malformed Registration' },
  noAddress: { status: 403, phrase: 'Not A NEO Address' },
  tooMany: { status: 503, phrase: 'Too Many Registrations' },
  nodeUnavailable: { status: 503, phrase: 'Chain Unavailable' },
} as const;
export type RegistrationRefusal = keyof typeof registrationRefusals;

export type RegistrationDecision =
  /** `notAfter`: no session that follows from it lasts longer; null: as long as it is used. */
  | { allowed: true; way: 'token' | 'signature' | 'delegate'; nonce: string; notAfter: Date | null }
  | { allowed: true; way: 'session' }
  | { allowed: false; reason: RegistrationRefusal };

export function decideRegistration(shown: Shown, facts: RegistrationFacts): RegistrationDecision {
  if (!shown.session && shown.proof === null && shown.token === null) return refuse('ask');
  const isOurs = facts.registrations.some(({ provider }) => provider === facts.provider);
  if (shown.session) return bySession(facts, isOurs);
  if (shown.proof) return bySignature(shown.proof, shown.delegation, facts, isOurs);
  return byToken(shown.token ?? '', facts);
}

const refuse = (reason: RegistrationRefusal): RegistrationDecision => ({ allowed: false, reason });

const isLive = ({ user, connection, now }: RegistrationFacts) => {
  return (nonce: Nonce) => nonce.user === user && nonce.connection === connection && nonce.expiresAt > now;
};

function bySession({ session, user, now }: RegistrationFacts, isOurs: boolean): RegistrationDecision {
  if (session === null || session.user !== user || session.expiresAt <= now || session.notAfter <= now)
    return refuse('sessionUnknown');
  return isOurs ? { allowed: true, way: 'session' } : refuse('notRegistered');
}

/** The uuid on the chain is public: it says something only on the connection that was given it. */
function byToken(token: string, facts: RegistrationFacts): RegistrationDecision {
  const nonce = facts.nonces.filter(isLive(facts)).find((each) => each.nonce === token);
  if (!nonce) return refuse('wrongNonce');
  const isOnChain = facts.registrations.some(({ provider, uuid }) => provider === facts.provider && uuid === token);
  return isOnChain ? { allowed: true, way: 'token', nonce: nonce.nonce, notAfter: null } : refuse('notRegistered');
}

function bySignature(
  proof: RegistrationProof,
  delegation: Delegation | null,
  facts: RegistrationFacts,
  isOurs: boolean,
): RegistrationDecision {
  const { network, contract, provider, user, now } = facts;
  if (addressOfPublicKey(delegation?.wallet ?? proof.key) !== user) return refuse('wrongKey');
  const signed = facts.nonces
    .filter(isLive(facts))
    .find(({ nonce }) => isRegistrationValid(proof, { network, contract, provider, nonce }));
  if (!signed) return refuse(facts.nonces.some(isLive(facts)) ? 'badSignature' : 'wrongNonce');
  if (delegation) {
    const use = { network, contract, key: proof.key, needs: 'registration', nowMs: now.getTime() } as const;
    const fault = delegationFault(delegation, use);
    if (fault) return refuse(fault.code);
  }
  if (!isOurs) return refuse('notRegistered');
  const notAfter = delegation ? new Date(delegation.notAfter) : null;
  return { allowed: true, way: delegation ? 'delegate' : 'signature', nonce: signed.nonce, notAfter };
}
