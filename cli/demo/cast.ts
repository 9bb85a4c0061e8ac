import { randomUUID } from 'node:crypto';
import { gasTransfer, transferGas } from '../../chain/gas.ts';
import { send } from '../../chain/send.ts';
import type { Client } from '../../protocol/api/client.ts';
import type { Terms } from '../../protocol/call/price.ts';
import type { RateDeckDocument } from '../../protocol/call/rate-deck.ts';
import { contractCall } from '../../protocol/contract/call.ts';
import { createKey } from '../../protocol/sign/key.ts';
import type { Signer } from '../../protocol/sign/signer.ts';
import type { Address } from '../../protocol/types/address.ts';
import { datoshi, datoshiPerGas } from '../../protocol/types/datoshi.ts';
import type { Height } from '../../protocol/types/height.ts';
import type { Chain } from '../connect.ts';
import { checkDeck } from '../tariff/deck-file.ts';
import { publish } from '../tariff/publish.ts';
import { patiently } from './patience.ts';
import { deposits, escrows, type PlannedEscrow, providers as plannedProviders } from './plan.ts';

/** For deposits and for the fees of a handful of transactions. */
const GAS_EACH = datoshi(25n * datoshiPerGas);
/** How long calls may be made, and how long the provider may claim after that. */
const ESCROW_MS = { duration: 3_600_000n, claimWindow: 3_600_000n };

/** Fresh keys each time, in memory only: whatever ran before, nobody here is known yet. */
export type Cast = { providers: Signer[]; users: Signer[] };

export type OpenedEscrow = PlannedEscrow & {
  name: keyof typeof escrows;
  id: bigint;
  openedAt: number;
  voucherKey: Signer | null;
};

/** All get their GAS in one transaction. */
export async function fundCast(chain: Chain, purse: Signer): Promise<{ cast: Cast; height: Height }> {
  const cast = { providers: plannedProviders.map(createKey), users: deposits.map(createKey) };
  const payments = [...cast.providers, ...cast.users].map(({ address }) => ({ to: address, amount: GAS_EACH }));
  const { height } = await transferGas({ ...chain, signer: purse }, payments);
  return { cast, height };
}

export async function deployProviders(chain: Chain, { providers }: Cast, operator: Address): Promise<void> {
  const { contract } = chain;
  await Promise.all(
    providers.map((signer, i) => {
      const provider = signer.address;
      return send({ ...chain, signer }, [
        contractCall(contract, 'deploy', { provider, location: planOf(i).location }),
        contractCall(contract, 'setOperator', { provider, operator }),
      ]);
    }),
  );
}

export async function publishDecks(chain: Chain, api: Client, { providers }: Cast): Promise<void> {
  await Promise.all(
    providers.map((signer, i) => {
      const deck = checkDeck('the deck of the demo', deckOf(signer.address, i));
      const uri = `https://${planOf(i).location}/tariff.json`;
      return patiently(() => publish({ api: api.as(signer), chain: { ...chain, signer } }, deck, uri));
    }),
  );
}

const planOf = (provider: number) => plannedProviders[provider] as (typeof plannedProviders)[number];

const deckOf = (provider: Address, index: number): RateDeckDocument => ({
  version: 1,
  provider,
  effectiveFrom: '2026-01-01T00:00:00.000Z',
  entries: Object.entries<Terms>(planOf(index).deck).map(([prefix, terms]) => ({
    prefix,
    ratePerSecond: terms.ratePerSecond.toString(),
    feePerCall: terms.feePerCall.toString(),
    initialIncrement: terms.initialIncrement,
    increment: terms.increment,
  })),
});

/** Each user registers with all providers, by the UUID that each handed out, and deposits: in one transaction. */
export async function registerUsers(chain: Chain, { providers, users }: Cast): Promise<void> {
  const { contract } = chain;
  await Promise.all(
    users.map((signer, i) => {
      const user = signer.address;
      const registrations = providers.map(({ address: provider }) =>
        contractCall(contract, 'register', { user, provider, uuid: randomUUID() }),
      );
      const deposit = gasTransfer(user, contract, deposits[i] as (typeof deposits)[number]);
      return send({ ...chain, signer }, [...registrations, deposit], { mustReturnTrue: true });
    }),
  );
}

/** All escrows of a user in one transaction. */
export async function openEscrows(chain: Chain, { providers, users }: Cast): Promise<OpenedEscrow[]> {
  const opened = await Promise.all(
    users.map(async (signer, i) => {
      const planned = Object.entries(escrows).filter(([, { user }]) => user === i);
      const keys = planned.map(([, { withVoucher }]) => (withVoucher ? createKey() : null));
      const { events } = await send(
        { ...chain, signer },
        planned.map(([, escrow], j) =>
          openCall(chain, signer.address, providers[escrow.provider] as Signer, escrow, keys[j] ?? null),
        ),
      );
      const facts = events.filter((event) => event.name === 'EscrowOpened');
      return planned.map(([name, escrow], j): OpenedEscrow => {
        const fact = facts[j];
        if (!fact) throw new Error(`there is no EscrowOpened for ${name}`);
        return {
          ...escrow,
          name: name as keyof typeof escrows,
          id: fact.id,
          openedAt: Number(fact.openedAt),
          voucherKey: keys[j] ?? null,
        };
      });
    }),
  );
  return opened.flat();
}

function openCall(chain: Chain, user: Address, provider: Signer, escrow: PlannedEscrow, key: Signer | null) {
  const { amount, agreed, maxParallel } = escrow;
  return contractCall(chain.contract, 'openEscrow', {
    user,
    provider: provider.address,
    amount,
    ratePerSecond: agreed.ratePerSecond,
    feePerCall: agreed.feePerCall,
    increment: BigInt(agreed.increment),
    maxParallel: BigInt(maxParallel),
    durationMs: ESCROW_MS.duration,
    claimWindowMs: ESCROW_MS.claimWindow,
    voucherKey: key && Buffer.from(key.publicKey, 'hex'),
  });
}

/** Its provider closes it, who claims nothing more from it: what is left is the user's again at once. */
export async function closeEscrow(chain: Chain, { providers }: Cast, { id, provider }: OpenedEscrow): Promise<bigint> {
  const signer = providers[provider] as Signer;
  const { events } = await send({ ...chain, signer }, [contractCall(chain.contract, 'closeEscrow', { id })]);
  const closed = events.find((event) => event.name === 'EscrowClosed');
  if (!closed) throw new Error(`there is no EscrowClosed for ${id}`);
  return closed.refunded;
}
