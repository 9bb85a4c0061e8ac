import { NodeUnavailable } from '../../chain/errors.ts';
import { type Delegation, readDelegation } from '../../protocol/sign/delegation.ts';
import type { RegistrationProof } from '../../protocol/sign/registration.ts';
import { signatureForms, type Wrapping } from '../../protocol/sign/wallet-message.ts';
import { type Address, addressSchema } from '../../protocol/types/address.ts';
import { bytesOfHex } from '../../protocol/types/bytes.ts';
import { publicKeySchema } from '../../protocol/types/public-key.ts';
import { uuidSchema } from '../../protocol/types/uuid.ts';
import {
  decideRegistration,
  type RegistrationRefusal,
  registrationRefusals,
  type Shown,
} from './decide-registration.ts';
import type { Deps } from './deps.ts';
import { limitRegistration } from './limits.ts';
import { findSession, giveNonce, noncesOf, openSession, renewSession } from './sessions.ts';
import { keepSubscription } from './subscriptions.ts';
import { iceServer } from './turn.ts';

/** A REGISTER, with the headers as they stand in it; what is not there is null. */
export type AskedRegistration = {
  user: string;
  /** The WebSocket or TCP connection, or address and port. */
  connection: string;
  /** `+sip.instance`: a device says the same each time. */
  device: string | null;
  headers: Partial<Record<HeaderName, string | null>>;
};

/** SIP headers, in the order in which a phone meets them. */
const header = {
  provider: 'X-Krypton-Provider',
  network: 'X-Krypton-Network',
  contract: 'X-Krypton-Contract',
  nonce: 'X-Krypton-Nonce',
  token: 'X-Krypton-Token',
  key: 'X-Krypton-Key',
  signature: 'X-Krypton-Signature',
  form: 'X-Krypton-Signature-Form',
  salt: 'X-Krypton-Signature-Salt',
  delegation: 'X-Krypton-Delegation',
  session: 'X-Krypton-Session',
  voucherInterval: 'X-Krypton-Voucher-Interval',
  turn: 'X-Krypton-Turn',
  push: 'X-Krypton-Push',
  pushKey: 'X-Krypton-Push-Key',
  reason: 'X-Krypton-Reason',
} as const;
export type HeaderName = keyof typeof header;

/** What Kamailio answers. */
export type RegistrationAnswer = {
  allowed: boolean;
  status: number;
  phrase: string;
  headers: Record<string, string>;
};

type RegisterDeps = Pick<
  Deps,
  | 'store'
  | 'chain'
  | 'unbinding'
  | 'network'
  | 'contract'
  | 'signer'
  | 'limits'
  | 'rates'
  | 'metrics'
  | 'log'
  | 'now'
  | 'voucherIntervalS'
  | 'turn'
  | 'push'
>;

/** A phone registers again within ten minutes; the longest call that begins until then keeps its relay. */
const TURN_MORE_MS = 3_600_000;

/** Whether this phone is its user's. A refusal that helps comes with a fresh nonce for this very connection. */
export async function register(deps: RegisterDeps, asked: AskedRegistration): Promise<RegistrationAnswer> {
  const user = addressSchema.safeParse(asked.user);
  if (!user.success) return refusal(deps, 'noAddress');
  const shown = readShown(asked.headers);
  if (shown === null) return refusal(deps, 'malformed');
  const foreign = foreignTo(deps, asked.headers);
  if (foreign) return refusal(deps, foreign);
  try {
    return await decide(deps, user.data, asked, shown);
  } catch (error) {
    if (error instanceof NodeUnavailable) return refusal(deps, 'nodeUnavailable');
    throw error;
  }
}

async function decide(
  deps: RegisterDeps,
  user: Address,
  { connection, device, headers }: AskedRegistration,
  shown: Shown,
): Promise<RegistrationAnswer> {
  const { store, chain, unbinding, network, contract, signer, metrics } = deps;
  const isAsking = !shown.session && !shown.proof && !shown.token;
  const given = { user, source: sourceOf(connection), isAsking, at: deps.now() };
  if (limitRegistration(deps, given)) return refusal(deps, 'tooMany');
  if (!isAsking) await chain.recent();
  const registrations = isAsking ? [] : await chain.registrationsOf(user);
  // whatever was registered before this one
  if (registrations.some(({ provider }) => provider === signer.address)) await unbinding.end(user);
  const now = deps.now();
  const secret = headers.session ?? null;
  const decision = decideRegistration(shown, {
    network,
    contract,
    provider: signer.address,
    user,
    connection,
    now,
    nonces: noncesOf(store, user, connection),
    session: secret === null ? null : findSession(store, secret),
    registrations,
  });
  if (!decision.allowed) return refusal(deps, decision.reason, { user, connection });
  metrics.count('registrations', decision.way);
  const headersOut: Record<string, string> = { [header.voucherInterval]: String(deps.voucherIntervalS) };
  if (deps.push) {
    headersOut[header.pushKey] = deps.push.publicKey;
    const text = headers.push ?? null;
    if (text !== null) headersOut[header.push] = keepSubscription(store, deps.push, { user, device, text, now });
  }
  if (deps.turn) {
    const until = new Date(now.getTime() + deps.limits.longestCall.refuse * 1000 + TURN_MORE_MS);
    headersOut[header.turn] = JSON.stringify(iceServer(deps.turn, user, until));
  }
  if (decision.way === 'session') renewSession(store, secret ?? '', now);
  else
    headersOut[header.session] = openSession(store, {
      user,
      device,
      nonce: decision.nonce,
      notAfter: decision.notAfter,
      now,
    });
  return { allowed: true, status: 200, phrase: 'OK', headers: headersOut };
}

/** Of `udp:192.0.2.1:5060#7` the address. */
const sourceOf = (connection: string): string => /^\w+:(.+):\d+(#\d+)?$/.exec(connection)?.[1] ?? connection;

/** 401 says that another try, with the nonce that comes with it, may help. */
function refusal(
  deps: RegisterDeps,
  reason: RegistrationRefusal,
  asker?: { user: Address; connection: string },
): RegistrationAnswer {
  const { status, phrase } = registrationRefusals[reason];
  if (reason !== 'ask') deps.metrics.count('registration_refusals', reason);
  const headers: Record<string, string> = { [header.reason]: reason, ...identityOf(deps) };
  if (status === 401 && asker) headers[header.nonce] = giveNonce(deps.store, asker.user, asker.connection, deps.now());
  return { allowed: false, status, phrase, headers };
}

const identityOf = ({ signer, network, contract }: RegisterDeps): Record<string, string> => ({
  [header.provider]: signer.address,
  [header.network]: String(network),
  [header.contract]: contract,
});

/** A phone that names another provider, network or contract would be served under wrong terms. */
function foreignTo(
  { signer, network, contract }: RegisterDeps,
  headers: AskedRegistration['headers'],
): RegistrationRefusal | null {
  if ((headers.provider ?? signer.address) !== signer.address) return 'otherProvider';
  if ((headers.network ?? String(network)) !== String(network)) return 'otherNetwork';
  return (headers.contract ?? contract).toLowerCase() === contract ? null : 'otherNetwork';
}

/** Null: a header is there that can't be read. */
function readShown(headers: AskedRegistration['headers']): Shown | null {
  const { session = null, token = null, delegation = null } = headers;
  const uuid = token === null ? null : (uuidSchema.safeParse(token).data ?? undefined);
  const delegated = delegation === null ? null : (readDelegation(delegation) ?? undefined);
  const proof = readProof(headers);
  if (uuid === undefined || delegated === undefined || proof === undefined) return null;
  return { session: session !== null, token: uuid, proof, delegation: delegated satisfies Delegation | null };
}

/** Undefined: it is malformed. */
function readProof({ key, signature, form, salt }: AskedRegistration['headers']): RegistrationProof | null | undefined {
  if ((signature ?? null) === null) return null;
  const publicKey = publicKeySchema.safeParse(key);
  const known = signatureForms.find((each) => each === (form ?? 'raw'));
  if (!publicKey.success || !known || !/^[0-9a-fA-F]{128}$/.test(signature ?? '')) return undefined;
  if (known === 'legacy' && !/^(?:[0-9a-fA-F]{2}){1,64}$/.test(salt ?? '')) return undefined;
  const wrapping: Wrapping = known === 'legacy' ? { form: known, salt: salt ?? '' } : { form: known };
  return { key: publicKey.data, signature: bytesOfHex(signature ?? ''), ...wrapping };
}
