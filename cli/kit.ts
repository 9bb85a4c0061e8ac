import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { Refusal } from './refusal.ts';

export type Kit = { kit: string };

/** Where `provider init` writes, and the other commands look. */
export const kitOption = ['--kit <folder>', "folder of the provider's kit", 'krypton-provider'] as const;

/** What the wallet service of a kit is told. @throws Refusal */
function readKit(folder: string): NodeJS.ProcessEnv {
  try {
    return parseEnv(readFileSync(join(folder, 'service.env'), 'utf8')) as NodeJS.ProcessEnv;
  } catch (error) {
    throw new Refusal(
      `there is no provider's kit in ${folder}: krypton provider init writes one, --kit names another`,
      {
        cause: error,
      },
    );
  }
}

/** Of a wallet service: what the person has set is meant for their own commands, but for how much is logged. */
export function serviceEnvironment(folder: string): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith('KRYPTON_'));
  const { KRYPTON_LOG_LEVEL } = process.env;
  return { ...Object.fromEntries(others), ...(KRYPTON_LOG_LEVEL && { KRYPTON_LOG_LEVEL }), ...readKit(folder) };
}

const errorSchema = z.object({ error: z.string() });

/** The wallet service answers at once; past this it hangs. */
const TIMEOUT_MS = 10_000;

/** Asks the wallet service that runs on this machine. @throws Refusal */
export async function askKit<S extends z.ZodType>(
  folder: string,
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  answer: S,
  body?: unknown,
): Promise<z.output<S>> {
  const { KRYPTON_PROVIDER_PORT: port, KRYPTON_PROVIDER_SECRET: secret } = readKit(folder);
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch((cause) => {
    throw new Refusal(`no wallet service answers on port ${port}: krypton provider serve runs it`, { cause });
  });
  const told: unknown = await response.json();
  if (response.ok) return answer.parse(told);
  throw new Refusal(errorSchema.safeParse(told).data?.error ?? `the wallet service answers with ${response.status}`);
}
