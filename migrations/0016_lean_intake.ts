import { type Kysely, sql } from 'kysely';

/** What a CDR costs to take in is what it is for: nothing is looked up that can't be otherwise. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // What is not rated yet has a table of its own since 0008: nobody asks for CDRs by the time they came.
  'drop index cdrs_received',
  // Rows of these are made of the CDR that was just inserted, by its own trigger, and nobody may delete a CDR.
  'alter table unrated_cdrs drop constraint unrated_cdrs_cdr_id_fkey',
  'alter table cdr_states drop constraint cdr_states_cdr_id_fkey',
  // `check_correction` looks for the CDR that is corrected, and for more than that it exists.
  'alter table cdrs drop constraint cdrs_corrects_fkey',
];
