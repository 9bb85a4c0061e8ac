import { bytesToHex } from '@noble/hashes/utils.js';
import { z } from 'zod';
import type { RegistrationProof, RegistrationTerms } from '../../../protocol/sign/registration.ts';
import type { Address } from '../../../protocol/types/address.ts';
import type { ScriptHash } from '../../../protocol/types/hash.ts';
import { uuidSchema } from '../../../protocol/types/uuid.ts';
import type { Sip, SipAnswer } from './sip.ts';

/** How a phone shows that it is its user's: by what it has, in the order in which it costs the person least. */

export type Shown = RegistrationProof & {
  /** A statement of the wallet's, where another key signs in its name. */
  delegation: string | null;
};

export type RegisterDeps = {
  sip: Pick<Sip, 'register'>;
  provider: Address;
  network: number;
  contract: ScriptHash;
  /** The secret of an earlier registration. */
  session(): Promise<string | null>;
  keepSession(secret: string | null): Promise<void>;
  /** Whether the chain knows us as a user of this provider. */
  isOnChain(): Promise<boolean>;
  /** Null: the wallet is locked, and its person would rather not open it. */
  sign(terms: RegistrationTerms): Promise<Shown | null>;
  /** Where a sleeping phone is woken, as the browser gives it; null: it can't be, or need not. */
  push(): Promise<PushSubscriptionJSON | null>;
};

export type Registered = {
  kind: 'registered';
  voucherIntervalMs: number;
  iceServers: RTCIceServer[];
  /** VAPID: with it the browser is asked for a subscription. */
  pushKey: string | null;
};

export type RegisterResult =
  | Registered
  /** The person has to register on the chain first, with this very uuid: then `token` does it. */
  | { kind: 'notOnChain'; uuid: string }
  | { kind: 'locked' }
  | { kind: 'refused'; reason: string }
  | { kind: 'unreachable' };

/** The registrar's own limit is 600 s; it is renewed when about half of that is over. */
const EXPIRES_S = 600;

/** `token`: a uuid that stands on the chain, and that was given to us over this very connection. */
export async function register(deps: RegisterDeps, token: string | null = null): Promise<RegisterResult> {
  const { sip, provider, network, contract } = deps;
  const subscription = await deps.push();
  const push = subscription ? [`X-Krypton-Push: ${JSON.stringify(subscription)}`] : [];
  const named = [`X-Krypton-Provider: ${provider}`, `X-Krypton-Network: ${network}`, `X-Krypton-Contract: ${contract}`];
  const ask = (more: string[]) => sip.register([...named, ...more, ...push], EXPIRES_S);

  const session = token === null ? await deps.session() : null;
  const first =
    session !== null ? [`X-Krypton-Session: ${session}`] : token !== null ? [`X-Krypton-Token: ${token}`] : [];
  const answer = await ask(first);
  if (answer === null) return { kind: 'unreachable' };
  if (answer.status === 200) return accept(deps, answer);
  if (session !== null && answer.status === 401) await deps.keepSession(null);
  if (answer.status !== 401) return refusal(answer);
  const challenge = uuidSchema.safeParse(answer.header('X-Krypton-Nonce'));
  if (!challenge.success) return refusal(answer);
  // what is signed names all three: a proxy that asks for others would have us sign for somebody else
  if (isForeign(deps, answer)) return { kind: 'refused', reason: 'otherProvider' };
  if (!(await deps.isOnChain())) return { kind: 'notOnChain', uuid: challenge.data };
  const shown = await deps.sign({ network, contract, provider, nonce: challenge.data });
  if (shown === null) return { kind: 'locked' };
  const proven = await ask(headersOf(shown));
  if (proven === null) return { kind: 'unreachable' };
  if (proven.status === 200) return accept(deps, proven);
  return proven.header('X-Krypton-Reason') === 'notRegistered'
    ? { kind: 'notOnChain', uuid: challenge.data }
    : refusal(proven);
}

function isForeign({ provider, network, contract }: RegisterDeps, answer: SipAnswer): boolean {
  return (
    answer.header('X-Krypton-Provider') !== provider ||
    answer.header('X-Krypton-Network') !== String(network) ||
    answer.header('X-Krypton-Contract')?.toLowerCase() !== contract
  );
}

function headersOf(shown: Shown): string[] {
  const headers = [`X-Krypton-Key: ${shown.key}`, `X-Krypton-Signature: ${bytesToHex(shown.signature)}`];
  if (shown.form !== 'raw') headers.push(`X-Krypton-Signature-Form: ${shown.form}`);
  if (shown.form === 'legacy') headers.push(`X-Krypton-Signature-Salt: ${shown.salt}`);
  if (shown.delegation !== null) headers.push(`X-Krypton-Delegation: ${shown.delegation}`);
  return headers;
}

const refusal = (answer: SipAnswer): RegisterResult => {
  const reason = answer.header('X-Krypton-Reason') ?? `${answer.status} ${answer.phrase}`;
  return answer.status >= 500 ? { kind: 'unreachable' } : { kind: 'refused', reason };
};

/** Seconds; what a provider may ask for at the least and at the most. */
const intervalSchema = z.coerce.number().int().min(1).max(600).catch(10);
const iceServerSchema = z.object({
  urls: z.union([z.string(), z.array(z.string()).max(8)]),
  username: z.string().optional(),
  credential: z.string().optional(),
});
const turnSchema = z.union([iceServerSchema.transform((server) => [server]), z.array(iceServerSchema).max(4)]);

async function accept(deps: RegisterDeps, answer: SipAnswer): Promise<Registered> {
  const secret = answer.header('X-Krypton-Session');
  if (secret !== null) await deps.keepSession(secret);
  return {
    kind: 'registered',
    voucherIntervalMs: intervalSchema.parse(answer.header('X-Krypton-Voucher-Interval') ?? undefined) * 1000,
    iceServers: readTurn(answer.header('X-Krypton-Turn')),
    pushKey: answer.header('X-Krypton-Push-Key'),
  };
}

/** A relay that can't be read is none: without one most calls have sound all the same. */
function readTurn(header: string | null): RTCIceServer[] {
  if (header === null) return [];
  try {
    const read = turnSchema.safeParse(JSON.parse(header));
    return read.success ? (read.data as RTCIceServer[]) : [];
  } catch {
    return [];
  }
}
