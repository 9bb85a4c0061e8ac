import { unavailability } from '../../database/errors.ts';
import { Outage } from '../../process/outage.ts';
import { within } from '../../process/within.ts';
import type { Health } from '../../protocol/api/status.ts';
import type { Deps } from '../deps.ts';
import { readCursor } from '../http/height.ts';
import { Refusal } from '../http/problem.ts';

/** A minute at 3 seconds a block, five at 15: answers that are older are no longer what a caller expects. */
const MAX_LAG = 20;

/** A check that takes longer is a failed one, whatever it would have come to: who asks does not wait longer either. */
const LIMIT_MS = 3_000;
/** Anybody may ask, as often as they like: a write that was tried so lately need not be tried again. */
const WRITE_KEPT_MS = 1_000;

/**
 * Whether this process can serve: its stores take writes, and the index keeps up with the node, as far as the node can
 * be asked.
 */
export function createHealth(deps: Deps): () => Promise<Health> {
  const outage = new Outage(deps.log, 'Postgres takes no writes');
  let tried = { at: Number.NEGATIVE_INFINITY, postgres: Promise.resolve('') };

  const checkPostgres = () => {
    if (deps.now() - tried.at > WRITE_KEPT_MS) tried = { at: deps.now(), postgres: tryWrite(deps, outage) };
    return tried.postgres;
  };

  return async () => {
    const [postgres, index, redis] = await Promise.all([checkPostgres(), checkIndex(deps), deps.wake.check()]);
    const checks = { postgres, index: postgres === 'away' ? 'unknown: Postgres is away' : index, redis };
    const failed = Object.values(checks).some((check) => check !== 'ok' && !isUnknown(check));
    return { status: failed ? 'unavailable' : 'ok', checks };
  };
}

/** What says nothing about this process: it can serve what it has. */
const unknown = {
  silent: 'unknown: the node does not answer',
  behind: 'unknown: the node is behind the index',
};

const isUnknown = (check: string) => Object.values(unknown).includes(check);

/** The write that each signed request begins with, committed: a server that can only be read takes in nothing. */
async function tryWrite({ db, now }: Deps, outage: Outage): Promise<string> {
  // no key of a caller; swept like the others
  const row = { keyId: 'readyz', nonce: 'readyz', expiresAt: new Date(now()) };
  const written = db
    .insertInto('requestNonces')
    .values(row)
    .onConflict((conflict) => conflict.columns(['keyId', 'nonce']).doUpdateSet({ expiresAt: row.expiresAt }))
    .execute()
    .then(
      () => {
        outage.end();
        return 'ok';
      },
      (error) => {
        outage.report(error);
        return unavailability(error) ?? 'failed: the log says why';
      },
    );
  return (await within(LIMIT_MS, written)) ?? 'away';
}

async function checkIndex(deps: Deps): Promise<string> {
  const read = readCursor(deps.db, deps).then(async ({ height, hash }) => {
    const nodeHeight = await deps.nodeHeight({ height, hash });
    if (nodeHeight === null) return unknown.silent;
    const lag = nodeHeight - height;
    if (lag < 0) return unknown.behind;
    return lag > MAX_LAG ? `${lag} blocks behind the node` : 'ok';
  });
  const index = read.catch((error) => (error instanceof Refusal ? error.message : 'unknown: Postgres is away'));
  return (await within(LIMIT_MS, index)) ?? 'unknown: Postgres is away';
}
