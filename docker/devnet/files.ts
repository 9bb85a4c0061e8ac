import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { putInPlace } from '../../stack/folder.ts';
import type { StackWallet } from '../../stack/wallets.ts';

/** Where the devnet's volumes are mounted in its one-shots: each other container gets of them what it needs. */
export const volumes = {
  /** The node's wallet and configuration. */
  validator: '/run/validator',
  /** The operator's wallet: for the settlers. */
  operator: '/run/operator',
  /** The contract's owner, and the purse with the play money: for the person with the CLI. */
  keys: '/run/keys',
  /** Passwords of Postgres and Valkey. */
  stores: '/run/secrets',
  /** Network, contract, operator: what everybody may know. */
  devnet: '/run/devnet',
};

export const walletIn = (volume: string, name: string): StackWallet => ({
  path: join(volume, `${name}.json`),
  passwordFile: join(volume, `${name}.password`),
});

export const networkFile = join(volumes.validator, 'network');
export const devnetFile = join(volumes.devnet, 'devnet.env');
export const storesFile = join(volumes.stores, 'stores.env');

/** Whole or not there. Postgres and Valkey have users of their own: whom the volume is mounted for may read all of it. */
export function writeFor(path: string, text: string): void {
  const next = `${path}.new`;
  writeFileSync(next, text, { mode: 0o644 });
  putInPlace(next, path);
}

/** What the file holds, made at the first start and kept. */
export function keep(path: string, make: () => string): string {
  if (!existsSync(path)) writeFor(path, make());
  return readFileSync(path, 'utf8').trim();
}
