import { computed, effect, signal } from '@preact/signals';
import { type Client, createClient } from '../../../protocol/api/client.ts';
import { messageOfContent } from '../../../protocol/contract/transaction.ts';
import { readDelegation, writeDelegation } from '../../../protocol/sign/delegation.ts';
import { addressOfPublicKey } from '../../../protocol/types/address.ts';
import { openChain } from '../../purse/core/chain.ts';
import { makeDelegate } from '../../purse/core/delegate.ts';
import { type DeviceKeys, deviceKeys } from '../../purse/core/device-key.ts';
import {
  type DapiProvider,
  findWallet,
  firstAddress,
  signStatement,
  signWithWallet,
} from '../../purse/core/installed-wallet.ts';
import type { Identity } from '../../purse/core/prepare.ts';
import { isRefusal, type Refusal, refused } from '../../purse/core/refusal.ts';
import { journalOf, memoryStore, openStore, type Store } from '../../purse/core/store.ts';
import { createPurse, type Purse, type SignContent } from '../../purse/purse.ts';
import { links } from '../../purse/view/links.ts';
import { account, askSigner } from '../../wallet/account.ts';
import { nodes, settings } from '../settings.ts';
import { askToAllow } from './allow.ts';

export type Current = {
  purse: Purse;
  identity: Identity;
  store: Store;
  keys: DeviceKeys;
  /** The service; null: these pages have none. An answer of at least that block, where one is named. */
  client: ((minHeight?: number) => Client) | null;
};

/** The purse of the account that is open; null before there is one. */
export const current = signal<Current | null>(null);

/** Whose it is, and by which nodes: where one of these changes, another purse is opened. */
const wanted = computed(() => {
  const { value } = account;
  if (!('publicKey' in value)) return null;
  return JSON.stringify({ address: value.address, publicKey: value.publicKey, nodes: nodes() });
});

let kept: Promise<Store> | null = null;

/** A private window may keep nothing: then it lasts as long as the page. */
function opened(): Promise<Store> {
  kept ??= openStore().catch(() => memoryStore());
  return kept;
}

/** From now on the purse is that of the page's account. */
export async function followAccount(): Promise<void> {
  const store = await opened();
  await restoreInstalled(store);
  links.value = { transaction: (hash) => `/transaction/${hash}`, escrow: (id) => `/escrow/${id}` };
  effect(() => {
    const { value } = wanted;
    current.value = null;
    if (value === null) return;
    const { address, publicKey } = JSON.parse(value) as Identity;
    const purse = open(store, { address, publicKey });
    current.value = purse;
    return purse.purse.start();
  });
}

function open(store: Store, identity: Identity): Current {
  const { network, contract, api } = settings();
  const chain = openChain({ nodes: nodes(), network, contract });
  const purse = createPurse({ chain, journal: journalOf(store), identity, sign: signer(identity, network) });
  const client = api === null ? null : (minHeight?: number) => createClient({ url: api, minHeight });
  return { purse, identity, store, keys: deviceKeys(store), client };
}

function signer(identity: Identity, network: number): SignContent {
  return async (content) => {
    if (account.peek().kind === 'installed') {
      const wallet = await installedWallet();
      if (!wallet) return refused('walletUnable', { detail: 'it is not there any more' });
      return signWithWallet(wallet, identity, content, network);
    }
    const key = await askSigner();
    return key ? key.sign(messageOfContent(content, network)) : refused('declined', {});
  };
}

/** Under which the store keeps that an installed wallet holds the key; its statement names the key. */
const INSTALLED = 'installed';

/** The account of the wallet that this browser has as an extension, where the person has chosen it before. */
async function restoreInstalled(store: Store): Promise<void> {
  const kept = await store.get('delegations', INSTALLED);
  const delegation = kept && readDelegation(kept.header);
  if (!delegation || 'publicKey' in account.peek()) return; // a wallet of this page's own comes first
  const publicKey = delegation.wallet;
  account.value = { kind: 'installed', address: addressOfPublicKey(publicKey), publicKey };
}

/** It signs once: so its key is known, and this device may read and register for it. Null: done. */
export async function useInstalled(wallet: DapiProvider): Promise<Refusal | null> {
  const { network, contract } = settings();
  const store = await opened();
  const address = await firstAddress(wallet);
  if (typeof address !== 'string') return address;
  const deps = { store, keys: deviceKeys(store), network, contract, now: () => new Date() };
  const made = await makeDelegate(
    { ...deps, address },
    async (terms, statement) => (await askToAllow(statement)) ?? signStatement(wallet, address, terms, statement),
  );
  if (isRefusal(made)) return made;
  await store.put('delegations', { id: INSTALLED, header: writeDelegation(made.delegation) });
  account.value = { kind: 'installed', address, publicKey: made.delegation.wallet };
  return null;
}

let found: DapiProvider | null = null;

/** The wallet that this browser has as an extension; null: none. */
export async function installedWallet(): Promise<DapiProvider | null> {
  found ??= await findWallet(globalThis);
  return found;
}
