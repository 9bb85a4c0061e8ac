import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Trouble } from './trouble.ts';

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Postgres refuses to run as root. Answers the user it runs as instead; undefined where we are not root. */
export function unprivilegedUser(
  passwd = readFileSync('/etc/passwd', 'utf8'),
  uid = process.getuid?.(),
): User | undefined {
  if (uid !== 0) return undefined;
  const found = findUser(passwd, 'postgres') ?? findUser(passwd, 'nobody');
  if (!found)
    throw new Trouble(
      'Postgres does not run as root, and there is no user postgres or nobody here: start as another user',
    );
  return found;
}

function findUser(passwd: string, name: string): User | undefined {
  const fields = passwd
    .split('\n')
    .find((line) => line.startsWith(`${name}:`))
    ?.split(':');
  return fields && { uid: Number(fields[2]), gid: Number(fields[3]) };
}

/** The setpriv arguments that make a command run as this user, able to reach these paths. */
export function privilegesOf(user: User, paths: readonly string[]): string[] {
  const become = ['--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups'];
  if (paths.every(isReachable)) return become;
  const capability = passCapability();
  // Postgres checks its files by access(2), which ignores the capabilities of a user unless this bit is set.
  become.push('--securebits', '+no_setuid_fixup');
  return [...become, '--inh-caps', `+${capability}`, '--ambient-caps', `+${capability}`];
}

/** May everyone walk down to this path? Not below a home of root, nor in a folder made by mktemp -d. */
function isReachable(path: string): boolean {
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === '/') return true;
  }
}

/** The weaker one where we have it (it can only read); a container often has the stronger one alone. */
function passCapability(): string {
  const status = readFileSync('/proc/self/status', 'utf8');
  const held = BigInt(`0x${/^CapBnd:\s*(\w+)$/m.exec(status)?.[1] ?? '0'}`);
  if (held & (1n << 2n)) return 'dac_read_search';
  if (held & (1n << 1n)) return 'dac_override';
  throw new Trouble(
    'Postgres runs as another user than root and cannot reach this folder: move it below a folder that everyone may enter',
  );
}
