import type { Client } from '../../../protocol/api/client.ts';
import { delegate as signRaw } from '../../../protocol/sign/delegation.ts';
import { type Delegate, type DelegateDeps, findDelegate, makeDelegate } from '../../purse/core/delegate.ts';
import { signStatement } from '../../purse/core/installed-wallet.ts';
import { type Refusal, refused } from '../../purse/core/refusal.ts';
import { account, askSigner } from '../../wallet/account.ts';
import { askToAllow } from './allow.ts';
import { type Current, installedWallet } from './current.ts';

const depsOf = ({ purse, identity, store, keys }: Current): DelegateDeps => ({
  store,
  keys,
  address: identity.address,
  network: purse.chain.network,
  contract: purse.chain.contract,
  now: () => new Date(),
});

/** The key by which this device reads and registers for the wallet; null: the wallet has to be asked first. */
export const delegateOf = (current: Current): Promise<Delegate | null> => findDelegate(depsOf(current));

/** Asks the wallet to sign once. */
export async function askDelegate(current: Current): Promise<Delegate | Refusal> {
  return makeDelegate(depsOf(current), async (terms, statement) => {
    const refusal = await askToAllow(statement);
    if (refusal) return refusal;
    if (account.peek().kind === 'installed') {
      const wallet = await installedWallet();
      if (!wallet) return refused('walletUnable', { detail: 'it is not there any more' });
      return signStatement(wallet, current.identity.address, terms, statement);
    }
    const key = await askSigner();
    return key ? signRaw(key, terms) : refused('declined', {});
  });
}

/** The service, asked in the wallet's name. */
export const asDelegate = (client: Client, { signer, delegation }: Delegate): Client => client.as(signer, delegation);
