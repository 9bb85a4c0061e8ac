import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { toId } from '../arguments.ts';
import type { Settings } from '../config.ts';
import { fields, money, print, table } from '../print.ts';
import { act, examples } from '../program.ts';
import { Refusal } from '../refusal.ts';

/**
 * What an operator does about escrows whose numbers contradict each other; docs/operating.md says how to look at one.
 */
export function addSettler(program: Command): void {
  const settler = program.command('settler').description('for operators: escrows from which nothing more is claimed');
  settler
    .command('parked')
    .description('parked escrows: why, since when, and what waits')
    .addHelpText('after', examples('settler parked', 'settler parked --json'))
    .action(act(parked));
  settler
    .command('release')
    .description('let the rest of a parked escrow be claimed, after a person has looked at it')
    .argument('<escrowId>', 'number of the escrow', toId)
    .requiredOption('--reviewed-seq <N>', 'claims below this number were looked at', toSeq)
    .option('--paid-elsewhere <ids>', 'CDRs that a claim of somebody else has paid, comma-separated', toIds, [])
    .option('--dry-run', 'say what would happen, and change nothing', false)
    .addHelpText(
      'after',
      examples('settler release 7 --reviewed-seq 4', 'settler release 7 --reviewed-seq 4 --paid-elsewhere 17,18'),
    )
    .action(act(release));
}

/** A number of claims: it may be 0. */
function toSeq(given: string): bigint {
  if (!/^\d{1,15}$/.test(given)) throw new InvalidArgumentError('expected a whole number, 0 or more');
  return BigInt(given);
}

const toIds = (given: string): bigint[] => given.split(',').map((each) => toId(each.trim()));

const number = z.string().transform(BigInt);
const parkedSchema = z.array(
  z.object({
    escrowId: number,
    reason: z.string(),
    parkedAt: z.string(),
    acceptedClaims: number.nullable(),
    calls: number,
    price: number,
  }),
);

async function parked(settings: Settings): Promise<void> {
  const escrows = parkedSchema.parse(await ask(settings, { command: 'parked' }));
  print(settings.json, escrows, () =>
    table(
      ['escrow', 'since', 'claims accepted', 'calls that wait', 'worth', 'reason'],
      escrows.map(({ escrowId, parkedAt, acceptedClaims, calls, price, reason }) => [
        String(escrowId),
        parkedAt,
        acceptedClaims === null ? 'unknown' : String(acceptedClaims),
        String(calls),
        money(price),
        reason,
      ]),
      'no escrow is parked',
    ),
  );
}

const outcomeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('released'), failed: z.number(), freed: z.number() }),
  z.object({ kind: z.literal('notParked') }),
  z.object({ kind: z.literal('beyondIndex'), acceptedClaims: number }),
  z.object({ kind: z.literal('underWay'), seq: number, txHash: z.string() }),
  z.object({ kind: z.literal('notReviewed'), seq: number }),
  z.object({ kind: z.literal('notWaiting'), cdrIds: z.array(z.string()) }),
]);

type ReleaseOptions = { reviewedSeq: bigint; paidElsewhere: bigint[]; dryRun: boolean };

async function release(settings: Settings, escrowId: bigint, options: ReleaseOptions): Promise<void> {
  const { reviewedSeq, paidElsewhere, dryRun } = options;
  const outcome = outcomeSchema.parse(
    await ask(settings, {
      command: 'release',
      escrowId: String(escrowId),
      reviewedSeq: String(reviewedSeq),
      paidElsewhere: paidElsewhere.map(String),
      dryRun,
    }),
  );
  if (outcome.kind !== 'released') throw new Refusal(whyNot(escrowId, reviewedSeq, outcome));
  const { failed, freed } = outcome;
  print(settings.json, { escrowId: Number(escrowId), reviewedSeq: Number(reviewedSeq), failed, freed, dryRun }, () =>
    fields({
      escrow: `${escrowId}, ${dryRun ? 'would be released' : 'released'}`,
      'paid elsewhere': `${failed} calls`,
      'claimed from now on': `${freed} calls`,
    }),
  );
}

type NotReleased = Exclude<z.infer<typeof outcomeSchema>, { kind: 'released' }>;

function whyNot(escrowId: bigint, reviewedSeq: bigint, outcome: NotReleased): string {
  switch (outcome.kind) {
    case 'notParked':
      return `escrow ${escrowId} is not parked: krypton settler parked lists those that are`;
    case 'beyondIndex':
      return `the index knows ${outcome.acceptedClaims} accepted claims of escrow ${escrowId}: --reviewed-seq ${reviewedSeq} is more; expected at most ${outcome.acceptedClaims}`;
    case 'underWay':
      return `claim ${outcome.seq} of escrow ${escrowId} is under way in transaction ${outcome.txHash}: its calls can be looked at once the settler knows its end`;
    case 'notReviewed':
      return `claim ${outcome.seq} of escrow ${escrowId} is not known here and was not looked at: it would be parked again; look at it, and give a higher --reviewed-seq`;
    case 'notWaiting':
      return `no calls of escrow ${escrowId} that wait for payment: CDR ${outcome.cdrIds.join(', ')}; nothing was changed`;
    default:
      return outcome satisfies never;
  }
}

/** The settler's own program does the work: this one has no access to the database. */
async function ask(settings: Settings, request: object): Promise<unknown> {
  const databaseUrl = process.env.KRYPTON_DATABASE_URL || settings.stack?.postgres;
  if (!databaseUrl)
    throw new Refusal('no database is known: run npm start, or set KRYPTON_DATABASE_URL to that of the settler');
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', '..', 'settler', 'parked.ts')], {
    env: { ...process.env, KRYPTON_DATABASE_URL: databaseUrl },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.end(JSON.stringify(request));
  const [answer, problem, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('close', resolve)),
  ]);
  if (status !== 0) throw new Refusal(problem || 'the settler ended without an answer');
  return JSON.parse(answer);
}
