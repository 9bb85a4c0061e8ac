import { checkIdentity, type PassportFault, writeIdentity } from '../../protocol/sign/passport.ts';
import type { Address } from '../../protocol/types/address.ts';
import type { Deps } from './deps.ts';
import { isFirstTime } from './seen.ts';

/** Calls to other providers' users and from them. That a caller is who they say rests on the chain alone. */

type BetweenDeps = Pick<Deps, 'store' | 'chain' | 'reader' | 'locate' | 'network' | 'contract' | 'signer' | 'now'>;

export type Elsewhere = { uri: string; identity: string };

/** Providers of one user that are tried to be located: a stranger may be registered with many. */
const MAX_PROVIDERS = 5;

/** Where else a user can be reached, by the provider that they registered with last; null: nowhere. */
export async function findElsewhere(
  { chain, reader, locate, network, contract, signer, now }: BetweenDeps,
  { caller, called, callId }: { caller: Address; called: Address; callId: string },
): Promise<Elsewhere | null> {
  const others = (await chain.registrationsOf(called)).filter(({ provider }) => provider !== signer.address);
  for (const { provider } of others.slice(0, MAX_PROVIDERS)) {
    const record = await reader.provider(provider);
    const uri = record && (await locate(record.location));
    if (!uri) continue;
    const issuedAt = Math.floor(now().getTime() / 1000);
    const passport = { network, contract, audience: provider, callId, caller, called, issuedAt };
    return { uri, identity: await writeIdentity(signer, passport) };
  }
  return null;
}

export type IdentityRefusal = PassportFault | 'identityReplayed' | 'identityUnknown';

/** Null: another provider vouches for the caller, who is registered with it on the chain. */
export async function refuseIdentity(
  { store, chain, reader, network, contract, signer, now }: BetweenDeps,
  { caller, called, callId, identity }: { caller: Address; called: Address; callId: string; identity: string },
): Promise<IdentityRefusal | null> {
  const use = { network, contract, audience: signer.address, callId, caller, called, nowMs: now().getTime() };
  const verdict = checkIdentity(identity, use);
  if (!verdict.valid) return verdict.fault;
  const { provider } = verdict;
  const isRegistered = (await chain.registrationsOf(caller)).some((each) => each.provider === provider);
  if (!isRegistered || (await reader.provider(provider)) === null) return 'identityUnknown';
  return isFirstTime(store, `${provider} ${callId}`, now()) ? null : 'identityReplayed';
}
