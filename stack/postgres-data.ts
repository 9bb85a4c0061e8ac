import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Folder, putInPlace, writePrivately } from './folder.ts';
import { run } from './run.ts';
import { privilegesOf, unprivilegedUser } from './run-as.ts';
import type { State } from './state.ts';

/** Making a cluster takes 1 s, recovering one after a crash some more; a slow disk may take a hundred times as long. */
const commandTimeoutMs = 120_000;

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
}

interface Data {
  readonly data: string;
  /** Further arguments for setpriv, to run as the owner of the data. */
  readonly privileges: readonly string[];
}

/**
 * Answers a data folder that Postgres starts on, with the password of the state, whatever an earlier start left behind.
 */
export async function prepareData(binaries: Binaries, folder: Folder, state: State, durable: boolean): Promise<Data> {
  const user = unprivilegedUser();
  mkdirSync(folder.postgres, { recursive: true });
  const data = join(folder.postgres, 'data');
  const privileges = user ? privilegesOf(user, [binaries.postgres, data]) : [];
  if (!existsSync(data)) await initialise(binaries, folder, state, { data, privileges }, durable);
  dropStalePidFile(data);
  const note = noteOf(folder);
  if (readText(note) !== state.passwords.postgres) {
    await setPassword(binaries, { data, privileges }, state.passwords.postgres);
    writePrivately(note, state.passwords.postgres);
  }
  return { data, privileges };
}

/** Made under another name and moved into place, so that an interrupted first start leaves no half cluster. */
async function initialise(
  { initdb }: Binaries,
  folder: Folder,
  state: State,
  { data, privileges }: Data,
  durable: boolean,
): Promise<void> {
  const user = unprivilegedUser();
  const unfinished = join(folder.postgres, 'unfinished');
  const passwordFile = join(folder.postgres, 'unfinished.password');
  for (const path of [unfinished, passwordFile]) rmSync(path, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  writeFileSync(passwordFile, `${state.passwords.postgres}\n`, { mode: 0o600 });
  if (user) {
    chownSync(unfinished, user.uid, user.gid);
    chownSync(passwordFile, user.uid, user.gid);
  }
  const args = ['--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8'];
  // The same order and case rules on every machine, whatever locales it has.
  const locale = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
  const speed = durable ? [] : ['--no-sync'];
  try {
    await run(initdb, [...args, ...locale, ...speed, '-D', unfinished], {
      cwd: '/',
      timeoutMs: commandTimeoutMs,
      privileges,
    });
    writePrivately(noteOf(folder), state.passwords.postgres);
    putInPlace(unfinished, data);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** The password that the cluster has: it follows the state, which may have lost it and chosen another. */
const noteOf = (folder: Folder) => join(folder.postgres, 'password');

async function setPassword({ postgres }: Binaries, { data, privileges }: Data, password: string): Promise<void> {
  const settings = [
    'exit_on_error=on', // else a statement that fails is a success
    'log_min_error_statement=panic', // else the password stands in the message
  ];
  await run(postgres, ['--single', '-D', data, ...settings.flatMap((setting) => ['-c', setting]), 'postgres'], {
    input: `alter role postgres password '${password}'\n`,
    cwd: '/',
    timeoutMs: commandTimeoutMs,
    privileges,
  });
}

/**
 * After a SIGKILL the file stays. Postgres itself sees that its process is gone, but would refuse for ever where
 * another process got that number since, or where the file names none. One that names a Postgres of ours is left to it
 * to judge.
 */
function dropStalePidFile(data: string): void {
  const file = join(data, 'postmaster.pid');
  if (!existsSync(file)) return;
  // Negative: a Postgres that ran without clients, as in setPassword.
  const [pid] = /^\d+(?=\n)/.exec(readText(file)?.replace(/^-/, '') ?? '') ?? [];
  const command = pid === undefined ? '' : readText(`/proc/${pid}/cmdline`);
  if (command !== undefined && !command.includes(data)) rmSync(file);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
