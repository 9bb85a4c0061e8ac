import { randomUUID } from 'node:crypto';
import { gasTransfer, transferGas } from '../../chain/gas.ts';
import { send } from '../../chain/send.ts';
import { contractCall } from '../../protocol/contract/call.ts';
import { createKey } from '../../protocol/sign/key.ts';
import type { Signer } from '../../protocol/sign/signer.ts';
import type { Address } from '../../protocol/types/address.ts';
import { datoshi, datoshiPerGas } from '../../protocol/types/datoshi.ts';
import type { Height } from '../../protocol/types/height.ts';
import type { Chain } from '../connect.ts';
import { deposits, escrows, locations, type PlannedEscrow } from './plan.ts';

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
  const cast = { providers: locations.map(createKey), users: deposits.map(createKey) };
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
        contractCall(contract, 'deploy', { provider, location: locations[i] as string }),
        contractCall(contract, 'setOperator', { provider, operator }),
      ]);
    }),
  );
}

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
  const { amount, terms, maxParallel } = escrow;
  return contractCall(chain.contract, 'openEscrow', {
    user,
    provider: provider.address,
    amount,
    ratePerSecond: terms.ratePerSecond,
    feePerCall: terms.feePerCall,
    increment: BigInt(terms.increment),
    maxParallel: BigInt(maxParallel),
    durationMs: ESCROW_MS.duration,
    claimWindowMs: ESCROW_MS.claimWindow,
    voucherKey: key && Buffer.from(key.publicKey, 'hex'),
  });
}

/** The user closes it: no more time counts, and what the calls until now have cost is claimed as far as it reaches. */
export async function closeEscrow(chain: Chain, { users }: Cast, { id, user }: OpenedEscrow): Promise<void> {
  await send({ ...chain, signer: users[user] as Signer }, [contractCall(chain.contract, 'closeEscrow', { id })]);
}
