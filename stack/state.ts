import { randomBytes, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type Folder, writePrivately } from './folder.ts';
import { pickPort, portIsFree } from './ports.ts';
import { Trouble } from './trouble.ts';

/** What a stack chose at its first start and keeps for all later ones. */
const stateSchema = z.object({
  network: z.number().int(),
  ports: z.object({ rpc: z.number(), peers: z.number(), postgres: z.number(), redis: z.number(), api: z.number() }),
  passwords: z.object({ postgres: z.string(), redis: z.string() }),
});

export type State = z.infer<typeof stateSchema>;
export type PortName = keyof State['ports'];

export async function rememberState(folder: Folder): Promise<State> {
  const known = readState(folder);
  const state: State = {
    network: known?.network ?? newNetwork(),
    ports: await keepFreePorts(known?.ports),
    passwords: known?.passwords ?? { postgres: newPassword(), redis: newPassword() },
  };
  writePrivately(folder.state, `${JSON.stringify(state, null, 2)}\n`);
  return state;
}

function readState(folder: Folder): State | undefined {
  let text: string;
  try {
    text = readFileSync(folder.state, 'utf8');
  } catch {
    return undefined;
  }
  const parsed = stateSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new Trouble(`${folder.state} is damaged: npm run reset starts over with an empty chain and database`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function keepFreePorts(known: State['ports'] | undefined): Promise<State['ports']> {
  const taken = new Set<number>();
  const keep = async (port: number | undefined) => {
    const chosen = port !== undefined && !taken.has(port) && (await portIsFree(port)) ? port : await pickPort(taken);
    taken.add(chosen);
    return chosen;
  };
  return {
    rpc: await keep(known?.rpc),
    peers: await keep(known?.peers),
    postgres: await keep(known?.postgres),
    redis: await keep(known?.redis),
    api: await keep(known?.api),
  };
}

/**
 * The network number is part of what every transaction signs. Each devnet draws its own, so that a transaction of one
 * cannot be replayed on another. Drawn from a range in which no public network lies (those are 860833102 and 894710606).
 */
function newNetwork(): number {
  return randomInt(1_000_000_000, 2_000_000_000);
}

/** Hex: it stands in URLs and configuration files without quoting. */
export function newPassword(): string {
  return randomBytes(24).toString('hex');
}
