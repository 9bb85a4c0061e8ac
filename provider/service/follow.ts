import { NodeUnavailable, RpcError } from '../../chain/errors.ts';
import type { Heads } from '../../chain/heads.ts';
import type { Rpc } from '../../chain/rpc.ts';
import { ConfigError } from '../../process/config.ts';
import { Outage } from '../../process/outage.ts';
import type { ContractEvent } from '../../protocol/contract/event.ts';
import type { Address } from '../../protocol/types/address.ts';
import { height as asHeight } from '../../protocol/types/height.ts';
import { priceAnswered } from './answer.ts';
import type { Position } from './chain-view.ts';
import { noteDeckSet } from './decks.ts';
import type { Deps } from './deps.ts';
import { KamailioUnavailable } from './kamailio.ts';
import { endSessions } from './sessions.ts';
import type { Store } from './store.ts';

/** What follows from the chain's notifications, block by block. */

type Identity = { network: number; contract: string; provider: Address };

/**
 * Where an earlier process has stopped; null where this is the first. A store is one provider's on one chain: the ids of
 * escrows come again on another. @throws ConfigError
 */
export function readPosition(store: Store, { network, contract, provider }: Identity): Position | null {
  const row = store.prepare('select network, contract, provider, height, hash from cursor').get();
  if (!row) return null;
  if (Number(row.network) !== network || row.contract !== contract || row.provider !== provider)
    throw new ConfigError(
      `KRYPTON_PROVIDER_STORE: this store is of provider ${row.provider} and contract ${row.contract} on network ${row.network}; name another file`,
    );
  return { height: asHeight(Number(row.height)), hash: String(row.hash) };
}

export function writePosition(
  store: Store,
  { network, contract, provider }: Identity,
  { height, hash }: Position,
): void {
  store
    .prepare(`insert into cursor values (1, ?, ?, ?, ?, ?) on conflict (id) do update set network = excluded.network,
      contract = excluded.contract, provider = excluded.provider, height = excluded.height, hash = excluded.hash`)
    .run(network, contract, provider, height, hash);
}

/** A new deck prices what is answered from its block on; whoever unregisters is a user no more, on no device. */
export function takeEvent(
  { unbinding, ...deps }: Pick<Deps, 'store' | 'signer' | 'decks' | 'metrics' | 'unbinding'>,
  event: ContractEvent,
  at: Date,
): void {
  const { store, signer } = deps;
  if (event.name === 'TariffSet' && event.provider === signer.address) {
    noteDeckSet(store, event.hash, at);
    priceAnswered(deps); // a block comes after answers that it precedes
  }
  if (event.name === 'UserUnregistered' && event.provider === signer.address) {
    endSessions(store, event.user);
    unbinding.add(event.user);
  }
}

/** One step of the following: waits for the next block at its end. */
export function createFollower(
  { chain, unbinding, log, rpc }: Pick<Deps, 'chain' | 'unbinding' | 'log'> & { rpc: Pick<Rpc, 'lookAround'> },
  heads: Heads,
): () => Promise<void> {
  const outage = new Outage(log, 'no NEO node answers: no registration and no new call is allowed');
  const away = new Outage(log, 'registrations that have ended on chain wait for Kamailio');
  return async () => {
    const woken = heads.next();
    try {
      await rpc.lookAround(); // a node that stands still says nothing of an escrow that is being closed
      await chain.sync();
      if (outage.end()) log.info({ height: chain.height() }, 'following again');
    } catch (error) {
      if (!(error instanceof NodeUnavailable || error instanceof RpcError)) throw error;
      outage.report(error);
    }
    try {
      for (const user of unbinding.users()) await unbinding.end(user);
      away.end();
    } catch (error) {
      if (!(error instanceof KamailioUnavailable)) throw error;
      away.report(error);
    }
    await woken;
  };
}
