import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './run.ts';

/** A download on a slow line; past this apt is taken for hung. */
const installTimeoutMs = 600_000;

/** Where a program of the system stands. */
export function onPath(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/local/bin'];
  return folders.map((folder) => join(folder, name)).find(existsSync);
}

/** Installs a Debian package, where we are root or may be it without a password. @throws Trouble */
export async function installPackage(name: string): Promise<void> {
  const prefix = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args: string[]) => {
    const [program = '', ...rest] = [...prefix, 'apt-get', '-qq', ...args];
    return run(program, rest, { env, timeoutMs: installTimeoutMs });
  };
  const wanted = ['install', '-y', '--no-install-recommends', name];
  await apt(...wanted).catch(async () => {
    await apt('update');
    await apt(...wanted);
  });
}
