import { randomUUID } from 'node:crypto';
import type { Insertable } from 'kysely';
import { createAccept } from '../../api/cdrs/accept.ts';
import { createDatabase, type Database } from '../../database/connection.ts';
import { migrate } from '../../database/migrate.ts';
import type { Escrows } from '../../database/types.ts';
import type { CdrVerdict } from '../../protocol/api/cdrs.ts';
import { createKey } from '../../protocol/sign/key.ts';
import type { BlockHash, ScriptHash } from '../../protocol/types/hash.ts';
import { rateCdrs } from '../../settler/intake.ts';
import { createTestDatabase } from './postgres.ts';

export const network = 7;
export const contract = `0x${'c0'.repeat(20)}` as ScriptHash;
export const second = 1_000;
/** When the escrows were opened, an hour ago; a whole second. */
const openedAt = Math.floor(Date.now() / second) * second - 3_600_000;
export const at = (ms: number): Date => new Date(openedAt + ms);

/** API and settler over one database, each in its own role, and no chain: the index is what a test writes. */
export type Books = {
  /** As superuser. */
  db: Database;
  api: Database;
  settler: Database;
  provider: ReturnType<typeof createKey>['address'];
  user: ReturnType<typeof createKey>['address'];
  openEscrow(given?: Partial<Insertable<Escrows>>): Promise<bigint>;
  submit(...cdrs: unknown[]): Promise<CdrVerdict[]>;
  rate(...ids: (number | bigint | null)[]): Promise<number>;
  ratingOf(
    id: number | bigint | null | undefined,
  ): Promise<{ state: string; reasonCode: string | null; price: bigint } | undefined>;
  destroy(): Promise<void>;
};

export async function createBooks(): Promise<Books> {
  const database = await createTestDatabase();
  await migrate(database.url);
  const [db, api, settler] = [
    createDatabase(database.url),
    createDatabase(database.url, 'api'),
    createDatabase(database.url, 'settler'),
  ];
  const [provider, user] = [createKey().address, createKey().address];
  const cursor = { network: BigInt(network), contract, deployedAt: 1, height: 9, hash: '0x9' as BlockHash };
  await db
    .insertInto('cursor')
    .values({ ...cursor, time: new Date(Date.now() + 60_000) })
    .execute();
  await db
    .insertInto('providers')
    .values({ provider, location: 'sip.test', deployedAt: at(0) })
    .execute();
  const accept = createAccept(api);
  let escrows = 0n;
  return {
    db,
    api,
    settler,
    provider,
    user,
    openEscrow: async (given = {}) => {
      escrows += 1n;
      const escrow: Insertable<Escrows> = {
        id: escrows,
        user,
        provider,
        state: 'open',
        amount: 1_000_000_000n,
        ratePerSecond: 10n,
        feePerCall: 5n,
        increment: 1,
        maxParallel: 100,
        openedAt: at(0),
        endsAt: at(7_200_000),
        claimDeadline: at(10_800_000),
        ...given,
      };
      await db.insertInto('escrows').values(escrow).execute();
      return escrow.id;
    },
    submit: async (...cdrs) => (await accept(provider, cdrs, signedNow())).verdicts,
    rate: (...ids) =>
      rateCdrs(
        { db: settler, network, contract },
        ids.flatMap((id) => (id === null ? [] : BigInt(id))),
      ),
    ratingOf: (id) =>
      db
        .selectFrom('ratings')
        .select(['state', 'reasonCode', 'price'])
        .where('cdrId', '=', BigInt(id ?? 0))
        .executeTakeFirst(),
    destroy: async () => {
      await Promise.all([db.destroy(), api.destroy(), settler.destroy()]);
      await database.drop();
    },
  };
}

/** A CDR as a provider sends it: answered at its start, a minute long. */
export function cdrOf({ user }: Pick<Books, 'user'>, escrowId: bigint | number, given: Record<string, unknown> = {}) {
  return {
    callId: crypto.randomUUID(),
    escrowId: Number(escrowId),
    user,
    direction: 'outbound',
    from: '+31201234567',
    to: '+442071234567',
    startedAt: at(60 * second).toISOString(),
    answeredAt: at(60 * second).toISOString(),
    endedAt: at(120 * second).toISOString(),
    disposition: 'answered',
    sipStatus: 200,
    ...given,
  };
}

export const unanswered = { answeredAt: null, disposition: 'busy', sipStatus: 486 };

/** As far as a CDR's acceptance depends on its request. */
const signedNow = () => ({
  publicKey: createKey().publicKey,
  nonce: randomUUID(),
  created: Math.floor(Date.now() / second),
  covers: [],
});
