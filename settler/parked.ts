import { z } from 'zod';
import { createDatabase } from '../database/connection.ts';
import { loadConfig } from '../process/config.ts';
import { describe } from '../process/run.ts';
import { settings } from '../process/settings.ts';
import { listParked, releaseParked } from './review.ts';

/**
 * What `krypton settler` runs, since that command has no access to the database: reads one request as JSON from
 * standard input, works on the database that KRYPTON_DATABASE_URL names, and writes one answer as JSON.
 */
const id = z
  .string()
  .regex(/^\d{1,19}$/)
  .transform(BigInt);
const requestSchema = z.discriminatedUnion('command', [
  z.strictObject({ command: z.literal('parked') }),
  z.strictObject({
    command: z.literal('release'),
    escrowId: id,
    reviewedSeq: id,
    paidElsewhere: z.array(id),
    dryRun: z.boolean(),
  }),
]);

async function answer(text: string): Promise<unknown> {
  const request = requestSchema.parse(JSON.parse(text));
  const { databaseUrl } = loadConfig({ databaseUrl: settings.databaseUrl }, process.env);
  const db = createDatabase(databaseUrl, 'settler');
  try {
    return request.command === 'parked' ? await listParked(db) : await releaseParked(db, request);
  } finally {
    await db.destroy();
  }
}

try {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const value = await answer(Buffer.concat(chunks).toString());
  process.stdout.write(JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? item.toString() : item)));
} catch (error) {
  process.stderr.write(describe(error));
  process.exit(1);
}
