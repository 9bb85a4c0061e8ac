import { loadConfig } from '../process/config.ts';
import { describe } from '../process/describe.ts';
import { settings } from '../process/settings.ts';
import { migrate } from './migrate.ts';

/** Brings the database that KRYPTON_DATABASE_URL names to the newest schema. */
try {
  const { databaseUrl } = loadConfig({ databaseUrl: settings.databaseUrl }, process.env);
  const names = await migrate(databaseUrl, console.log);
  console.log(names.length > 0 ? `migrated: ${names.join(', ')}` : 'the schema is up to date');
} catch (error) {
  console.error(`database: ${describe(error)}`);
  process.exit(1);
}
