import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Insertable } from 'kysely';
import { inject } from 'vitest';
import { deployContract } from '../../chain/deploy.ts';
import { gasTransfer } from '../../chain/gas.ts';
import { createReader, type Reader } from '../../chain/read.ts';
import type { Rpc } from '../../chain/rpc.ts';
import { type Receipt, send as sendCalls } from '../../chain/send.ts';
import { writeWalletFile } from '../../chain/wallet-file.ts';
import { createDatabase, type Database } from '../../database/connection.ts';
import { migrate } from '../../database/migrate.ts';
import type { Cdrs } from '../../database/types.ts';
import { type ArgumentsOf, contractCall, type MethodName } from '../../protocol/contract/call.ts';
import type { Key } from '../../protocol/sign/key.ts';
import type { Signer } from '../../protocol/sign/signer.ts';
import type { Voucher } from '../../protocol/sign/voucher.ts';
import { type Datoshi, datoshi } from '../../protocol/types/datoshi.ts';
import type { ScriptHash } from '../../protocol/types/hash.ts';
import type { Height } from '../../protocol/types/height.ts';
import { createFundedAccounts, testRpc } from './accounts.ts';
import type { TestBase } from './global-setup.ts';
import { createTestDatabase } from './postgres.ts';
import { createTestRedis } from './redis.ts';

/** A contract, a database and some people of one's own, on the real node, Postgres and Redis. */
export type World = {
  rpc: Rpc;
  network: number;
  contract: ScriptHash;
  deployedAt: Height;
  reader: Reader;
  /** As superuser. */
  db: Database;
  /** Of the contract. */
  owner: Signer;
  operator: Signer;
  provider: Signer;
  user: Signer;
  /** What services are told. */
  env: NodeJS.ProcessEnv;
  /** Calls the contract and waits for the block. */
  send<N extends MethodName>(signer: Signer, method: N, args: ArgumentsOf<N>): Promise<Receipt>;
  deposit(user: Signer, amount: bigint): Promise<void>;
  destroy(): Promise<void>;
};

export async function createWorld(base: TestBase = inject('base')): Promise<World> {
  const [rpc, { network }, database, redis] = [
    testRpc(base),
    base,
    await createTestDatabase(),
    await createTestRedis(),
  ];
  const [owner, operator, provider, user] = (await createFundedAccounts(4, undefined, base)) as [Key, Key, Key, Key];
  const [{ contract, height }] = await Promise.all([
    deployContract({ rpc, network, signer: owner }),
    migrate(database.url),
  ]);
  const db = createDatabase(database.url);
  const folder = await mkdtemp(join(tmpdir(), 'krypton-world-'));
  const wallet = join(folder, 'operator.json');
  await writeWalletFile(wallet, 'test', operator, 'operator');
  await writeFile(join(folder, 'password'), 'test');
  const send: World['send'] = (signer, method, args) => {
    return sendCalls({ rpc, network, signer, contract }, [contractCall(contract, method, args)]);
  };
  const world: World = {
    rpc,
    network,
    contract,
    deployedAt: height as Height,
    reader: createReader(rpc, contract),
    owner,
    db,
    operator,
    provider,
    user,
    send,
    env: {
      KRYPTON_DATABASE_URL: database.url,
      KRYPTON_REDIS_URL: redis,
      KRYPTON_RPC_URL: base.rpc,
      KRYPTON_NETWORK: String(network),
      KRYPTON_CONTRACT: contract,
      KRYPTON_DEPLOYED_AT: String(height),
      KRYPTON_WALLET: wallet,
      KRYPTON_WALLET_PASSWORD_FILE: join(folder, 'password'),
      KRYPTON_SETTLE_MAX_AGE_MS: '0',
      KRYPTON_SETTLE_MIN_FEES: '0',
      KRYPTON_SETTLE_PROVIDERS: 'any',
    },
    deposit: async (account, amount) => {
      const payment = gasTransfer(account.address, contract, datoshi(amount));
      await sendCalls({ rpc, network, signer: account }, [payment], { mustReturnTrue: true });
    },
    destroy: async () => {
      await db.destroy();
      await database.drop();
      await rm(folder, { recursive: true });
    },
  };
  await send(provider, 'deploy', { provider: provider.address, location: 'sip.example.org' });
  await send(provider, 'setOperator', { provider: provider.address, operator: operator.address });
  await send(user, 'register', { user: user.address, provider: provider.address, uuid: randomUUID() });
  return world;
}

export const terms = {
  ratePerSecond: datoshi(1_000n),
  feePerCall: datoshi(5_000n),
  increment: 6n,
  maxParallel: 100n,
  durationMs: 3_600_000n,
  claimWindowMs: 3_600_000n,
};

/** Deposits the amount and reserves it; answers the escrow's id. */
export async function openEscrow(
  world: World,
  amount: bigint,
  given: Partial<typeof terms & { user: Signer; voucherKey: Uint8Array }> = {},
): Promise<bigint> {
  const { user = world.user, voucherKey = null, ...own } = given;
  await world.deposit(user, amount);
  const args = {
    user: user.address,
    provider: world.provider.address,
    amount: datoshi(amount),
    ...terms,
    ...own,
    voucherKey,
  };
  const { events } = await world.send(user, 'openEscrow', args);
  const opened = events.find((event) => event.name === 'EscrowOpened');
  if (!opened) throw new Error('no escrow was opened');
  return opened.id;
}

type CdrRow = Insertable<Cdrs>;

/** The row of a CDR as the API commits it: an answered call of so many milliseconds that has just ended. */
export function cdrRow(
  world: World,
  escrowId: bigint,
  { ms = 3_000, voucher = null, ...given }: Partial<CdrRow> & { ms?: number; voucher?: Voucher | null } = {},
): CdrRow & { salt: Buffer } {
  const endedAt = new Date();
  const answeredAt = new Date(endedAt.getTime() - ms);
  return {
    provider: world.provider.address,
    callId: randomUUID(),
    escrowId,
    user: world.user.address,
    direction: 'outbound',
    from: '+31201234567',
    to: '+442071234567',
    startedAt: answeredAt,
    answeredAt,
    endedAt,
    disposition: 'answered',
    sipStatus: 200,
    hangupBy: null,
    contentHash: randomBytes(32),
    salt: randomBytes(16),
    voucherTotal: voucher?.total ?? null,
    voucherSignature: voucher ? Buffer.from(voucher.signature).toString('hex') : null,
    ...given,
  };
}

export type CdrState = {
  id: bigint;
  state: string | null;
  reasonCode: string | null;
  price: Datoshi | null;
  amount: Datoshi | null;
};

export async function readStates(db: Database): Promise<CdrState[]> {
  const rows = await db
    .selectFrom('cdrs')
    .leftJoin('ratings', 'ratings.cdrId', 'cdrs.id')
    .select(['cdrs.id', 'state', 'reasonCode', 'price', 'amount'])
    .orderBy('cdrs.id')
    .execute();
  return rows as CdrState[];
}

/** Asks again and again until the answer is truthy. */
export async function eventually<T>(ask: () => Promise<T>, what: string, limitMs = 20_000): Promise<NonNullable<T>> {
  for (const deadline = Date.now() + limitMs; Date.now() < deadline; ) {
    const answer = await ask();
    if (answer) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what}: not within ${limitMs} ms`);
}
