import { z } from 'zod';
import { scriptHashSchema } from '../protocol/types/hash.ts';

/** The settings that several processes share; each process's `config.ts` picks what it needs. */
export const settings = {
  databaseUrl: urlSetting('postgres', 'postgresql'),
  redisUrl: urlSetting('redis', 'rediss'),
  /** JSON-RPC endpoints of NEO N3 nodes, comma-separated, the preferred first. */
  rpcUrl: z.string({ error: 'expected the URL of a NEO N3 node, e.g. http://127.0.0.1:10332' }).transform(splitUrls),
  /** Magic number of the network: refuses to run against another one. */
  network: wholeNumber('the magic number of the network', { min: 1, max: 0xffff_ffff }),
  contract: scriptHashSchema,
  /**
   * Where a process that serves nothing else answers `/healthz` and `/readyz`: off, unless a port is given (0: any free
   * one). This machine alone may ask, unless a person says otherwise.
   */
  healthHost: z.string().default('127.0.0.1'),
  healthPort: wholeNumber('a TCP port (0: any free one)', { min: 0, max: 65_535 }).optional(),
  logLevel: z
    .enum(['debug', 'info', 'warn', 'error'], { error: 'expected debug, info, warn or error' })
    .default('info'),
};

/** A whole number, in the unit that the setting's name ends with. */
export function wholeNumber(what: string, { min, max }: { min: number; max: number }) {
  const error = `expected ${what}: a whole number from ${min} to ${max}`;
  return z
    .string({ error })
    .regex(/^\d{1,16}$/, error)
    .transform(Number)
    .pipe(z.number({ error }).int(error).min(min, error).max(max, error));
}

function urlSetting(...schemes: string[]) {
  const error = `expected an URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`;
  return z
    .string({ error })
    .refine((text) => schemes.some((scheme) => URL.parse(text)?.protocol === `${scheme}:`), error);
}

function splitUrls(text: string, context: z.RefinementCtx): string[] {
  const urls = text.split(',').map((url) => url.trim());
  const bad = urls.findIndex((url) => !/^https?:$/.test(URL.parse(url)?.protocol ?? ''));
  // Not shown itself: where a password holds a comma, this is a piece of it.
  if (bad !== -1)
    context.addIssue({ code: 'custom', message: `number ${bad + 1} of its URLs is no http or https URL` });
  return urls;
}
