import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export const repository = resolve(import.meta.dirname, '..');

/** What is dear to make and the same for every stack (neo-go, Go) stands here, whatever data folder a stack uses. */
export const tools = join(repository, '.krypton');

/** Where one stack keeps all it has. `npm run reset` removes `kept`, and nothing else. */
export interface Folder {
  readonly root: string;
  readonly state: string;
  readonly endpoints: string;
  readonly running: string;
  readonly deployment: string;
  readonly logs: string;
  readonly wallets: string;
  readonly node: string;
  readonly nodeConfig: string;
  readonly chain: string;
  readonly postgres: string;
  readonly redis: string;
  /** The provider that `npm run phone` runs beside the stack; there exactly while it is on. */
  readonly phoneProvider: string;
}

export function openFolder(root: string): Folder {
  const folder = locateFolder(root);
  mkdirSync(folder.root, { recursive: true });
  mkdirSync(folder.logs, { recursive: true });
  mkdirSync(folder.wallets, { recursive: true, mode: 0o700 });
  return folder;
}

export function locateFolder(root: string): Folder {
  const inside = (name: string) => join(resolve(repository, root), name);
  return {
    root: inside('.'),
    state: inside('state.json'),
    endpoints: inside('endpoints.json'),
    running: inside('running.json'),
    deployment: inside('deployment.json'),
    logs: inside('logs'),
    wallets: inside('wallets'),
    node: inside('node'),
    nodeConfig: inside(join('node', 'neogo.yml')),
    chain: inside(join('node', 'chain')),
    postgres: inside('postgres'),
    redis: inside('redis'),
    phoneProvider: inside(join('phone', 'provider.json')),
  };
}

/** A reader sees the old file or the new one, never a half. Only the owner may read: most of these hold passwords. */
export function writePrivately(path: string, text: string): void {
  const next = `${path}.${process.pid}`;
  writeFileSync(next, text, { mode: 0o600 });
  chmodSync(next, 0o600);
  putInPlace(next, path);
}

/** Under its name a file is whole, even after a power failure: it is on disk before it gets the name. */
export function putInPlace(unfinished: string, path: string): void {
  flush(unfinished);
  renameSync(unfinished, path);
  flush(dirname(path));
}

/** Writes to disk what the system still holds in memory of a file or folder. */
function flush(path: string): void {
  const opened = openSync(path, 'r');
  try {
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}
