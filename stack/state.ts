import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Say } from './console.ts';
import { type Folder, writePrivately } from './folder.ts';
import { pickPort, portIsFree } from './ports.ts';
import { Trouble } from './trouble.ts';

/** What a stack chose at its first start and keeps for all later ones. */
export interface State {
  readonly network: number;
  readonly ports: Record<PortName, number>;
  readonly passwords: { readonly postgres: string; readonly redis: string };
}

const portNames = ['rpc', 'peers', 'postgres', 'redis', 'api', 'phone'] as const;
type PortName = (typeof portNames)[number];

/** Each value that cannot be read is undefined, and the others stand. */
const network = z.int().optional().catch(undefined);
const port = z.int().min(1).max(65_535).optional().catch(undefined);
/** What newPassword() makes; anything else might not stand in an URL or a statement without quoting. */
const password = z
  .string()
  .regex(/^[0-9a-f]+$/)
  .optional()
  .catch(undefined);
const knownPorts = z.object({ rpc: port, peers: port, postgres: port, redis: port, api: port, phone: port }).catch({});
const knownPasswords = z.object({ postgres: password, redis: password }).catch({});
const knownSchema = z
  .object({ network, ports: knownPorts, passwords: knownPasswords })
  .catch({ ports: {}, passwords: {} });

type Known = z.infer<typeof knownSchema>;

/**
 * Nothing of value is lost with this file: the chain's network number stands in the node's configuration too, ports and
 * Redis' password may be others, and Postgres is given the new password before it starts (postgres-data.ts).
 */
export async function rememberState(folder: Folder, say: Say): Promise<State> {
  const known = readState(folder, say);
  const state: State = {
    network: known.network ?? networkOfChain(folder) ?? newNetwork(),
    ports: await keepFreePorts(known.ports),
    passwords: {
      postgres: known.passwords.postgres ?? newPassword(),
      redis: known.passwords.redis ?? newPassword(),
    },
  };
  writePrivately(folder.state, `${JSON.stringify(state, null, 2)}\n`);
  return state;
}

function readState(folder: Folder, say: Say): Known {
  const known = knownSchema.parse(readJson(folder.state));
  if (existsSync(folder.state) && !isWhole(known)) {
    say(`${folder.state} was damaged: the ports and passwords that it no longer named are new`, 'warn');
  }
  return known;
}

const isWhole = ({ network, ports, passwords }: Known): boolean =>
  network !== undefined &&
  portNames.every((name) => ports[name] !== undefined) &&
  passwords.postgres !== undefined &&
  passwords.redis !== undefined;

const nodeConfigSchema = z.object({ ProtocolConfiguration: z.object({ Magic: z.int() }) });

/** A chain's transactions are signed for its network number: with another one the node does not start. */
function networkOfChain(folder: Folder): number | undefined {
  if (!existsSync(folder.chain)) return undefined;
  const config = nodeConfigSchema.safeParse(readJson(folder.nodeConfig));
  if (config.success) return config.data.ProtocolConfiguration.Magic;
  throw new Trouble(
    `the chain's network number stands neither in ${folder.state} nor in ${folder.nodeConfig} any more: ` +
      'write {"network": <number>} into the first, or begin a new chain by npm run reset',
  );
}

/** Undefined for a file that is missing or no JSON. */
function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

async function keepFreePorts(known: Known['ports']): Promise<State['ports']> {
  const taken = new Set<number>();
  const keep = async (port: number | undefined) => {
    const chosen = port !== undefined && !taken.has(port) && (await portIsFree(port)) ? port : await pickPort(taken);
    taken.add(chosen);
    return chosen;
  };
  return {
    rpc: await keep(known.rpc),
    peers: await keep(known.peers),
    postgres: await keep(known.postgres),
    redis: await keep(known.redis),
    api: await keep(known.api),
    phone: await keep(known.phone),
  };
}

/**
 * The network number is part of what every transaction signs. Each devnet draws its own, so that a transaction of one
 * cannot be replayed on another. Drawn from a range in which no public network lies (those are 860833102 and
 * 894710606).
 */
export function newNetwork(): number {
  return randomInt(1_000_000_000, 2_000_000_000);
}

/** Hex: it stands in URLs and configuration files without quoting. */
export function newPassword(): string {
  return randomBytes(24).toString('hex');
}
