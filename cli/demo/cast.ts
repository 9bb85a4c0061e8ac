import { randomUUID } from 'node:crypto';
import { type Account, createAccount } from '../../chain/account.ts';
import { gasTransfer, transferGas } from '../../chain/gas.ts';
import { type Address, datoshi, datoshiPerGas, type Height } from '../../chain/types.ts';
import { contractCall } from '../../contract/client/call.ts';
import { openTreasury } from '../../stack/accounts.ts';
import type { Settings } from '../config.ts';
import type { Chain } from '../connect.ts';
import { send } from '../send.ts';
import { deposits, escrows, locations, type PlannedEscrow } from './plan.ts';

/** For deposits and for the fees of a handful of transactions. */
const GAS_EACH = datoshi(25n * datoshiPerGas);
/** How long calls may be made, and how long the provider may claim after that. */
const ESCROW_MS = { duration: 3_600_000n, claimWindow: 3_600_000n };

/** Fresh keys each time, in memory only: whatever ran before, nobody here is known yet. */
export type Cast = { providers: Account[]; users: Account[] };

export type OpenedEscrow = PlannedEscrow & {
  name: keyof typeof escrows;
  id: bigint;
  openedAt: number;
  voucherKey: Account | null;
};

/** All get their GAS in one transaction. */
export async function fundCast(chain: Chain, settings: Settings): Promise<{ cast: Cast; height: Height }> {
  const cast = { providers: locations.map(createAccount), users: deposits.map(createAccount) };
  const payments = [...cast.providers, ...cast.users].map(({ address }) => ({ to: address, amount: GAS_EACH }));
  const treasury = await openTreasury(settings.folder);
  const { height } = await transferGas(chain.rpc, treasury, chain.network, payments);
  return { cast, height };
}

export async function deployProviders(chain: Chain, { providers }: Cast, operator: Address): Promise<void> {
  const { contract } = chain;
  await Promise.all(
    providers.map((account, i) => {
      const provider = account.address;
      return send({ ...chain, account }, [
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
    users.map((account, i) => {
      const user = account.address;
      const registrations = providers.map(({ address: provider }) =>
        contractCall(contract, 'register', { user, provider, uuid: randomUUID() }),
      );
      const deposit = gasTransfer(user, contract, deposits[i] as (typeof deposits)[number]);
      return send({ ...chain, account }, [...registrations, deposit], { mustReturnTrue: true });
    }),
  );
}

/** All escrows of a user in one transaction. */
export async function openEscrows(chain: Chain, { providers, users }: Cast): Promise<OpenedEscrow[]> {
  const opened = await Promise.all(
    users.map(async (account, i) => {
      const planned = Object.entries(escrows).filter(([, { user }]) => user === i);
      const keys = planned.map(([, { withVoucher }]) => (withVoucher ? createAccount() : null));
      const { events } = await send(
        { ...chain, account },
        planned.map(([, escrow], j) =>
          openCall(chain, account.address, providers[escrow.provider] as Account, escrow, keys[j] ?? null),
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

function openCall(chain: Chain, user: Address, provider: Account, escrow: PlannedEscrow, key: Account | null) {
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
  await send({ ...chain, account: users[user] as Account }, [contractCall(chain.contract, 'closeEscrow', { id })]);
}
