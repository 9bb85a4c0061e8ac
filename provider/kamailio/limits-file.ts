import { readFileSync } from 'node:fs';
import { closest } from 'fastest-levenshtein';
import { z } from 'zod';
import { ConfigError } from '../../process/config.ts';
import { describe } from '../../process/describe.ts';
import { datoshiSchema } from '../../protocol/types/datoshi.ts';

/** `limits.json` of a kit: what a provider lets nobody do, whatever an escrow allows. */

/** Above `warn` it is counted and told, above `refuse` it is refused; null: never. */
const thresholds = <T extends z.ZodType<number | bigint>>(value: T, names: { warn: z.input<T>; refuse: z.input<T> }) =>
  z
    .strictObject({ warn: value.nullable().default(null), refuse: value.nullable().default(null) })
    .refine(({ warn, refuse }) => warn === null || refuse === null || warn <= refuse, 'expected warn below refuse')
    .prefault(names as never);

const whole = (what: string) =>
  z.int(`expected ${what}, a whole number, or null`).min(0, `expected ${what}, 0 or more`);
const many = (what: string, warn: number, refuse: number) => thresholds(whole(what), { warn, refuse });
/** What is counted in memory, moment by moment: so many are remembered. */
export const MAX_MOMENTS = 10_000;
const often = (what: string, warn: number, refuse: number) =>
  thresholds(whole(what).lt(MAX_MOMENTS, `expected ${what}, below ${MAX_MOMENTS}`), { warn, refuse });

const hoursForm = /^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$/;

export const limitsSchema = z.strictObject({
  dryRun: z.boolean('expected true or false').default(false),
  registrationsPerAddress: often('registrations', 20, 60),
  registrationsPerSource: often('registrations', 300, 1_200),
  noncesPerAddress: often('nonces', 16, 64),
  noncesPerSource: often('nonces', 300, 1_200),
  callsPerSecond: often('calls', 20, 50),
  messagesPerMinute: often('messages', 30, 60),
  total: many('calls', 300, 1_000),
  perMinute: many('calls', 15, 30),
  sequence: many('calls', 10, 40),
  concurrent: many('calls', 5, 10),
  duration: many('seconds', 28_800, 86_400),
  distinct: many('numbers', 60, 300),
  ratePerSecond: thresholds(datoshiSchema, { warn: '200000', refuse: '1000000' }),
  feePerCall: thresholds(datoshiSchema, { warn: '10000000', refuse: '50000000' }),
  longestCall: z
    .strictObject({
      warn: whole('seconds').nullable().default(null),
      refuse: z.int().min(1, 'expected seconds, 1 to 86400').max(86_400, 'expected seconds, 1 to 86400'),
    })
    .prefault({ warn: 7_200, refuse: 14_400 }),
  hours: z.array(z.string().regex(hoursForm, 'expected hours in UTC, e.g. "07:00-23:00"')).default(['00:00-24:00']),
  blockedPrefixes: z
    .array(z.string().regex(/^\+[1-9]\d{0,14}$/, 'expected E.164 prefixes, e.g. "+979"'))
    .default(['+1900', '+1976', '+870', '+878', '+881', '+882', '+883', '+888', '+979']),
});
export type Limits = z.output<typeof limitsSchema>;

/** Where no file says otherwise. */
export const defaultLimits: Limits = limitsSchema.parse({});

/** Money in JSON is a decimal string. */
export const limitsJson = (limits: Limits = defaultLimits): string =>
  `${JSON.stringify(limits, (_key, item) => (typeof item === 'bigint' ? String(item) : item), 2)}\n`;

/** @throws ConfigError naming each bad line, and the nearest known name where one is unknown */
export function readLimitsFile(path: string): Limits {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`can't read the limits in ${path}`, { cause: error });
  }
  const read = readLimits(text);
  if ('limits' in read) return read.limits;
  throw new ConfigError(read.faults.map((fault) => `${path}${fault}`).join('; '));
}

/** Each fault begins with `:<line>: `, where it is JSON at all. */
export function readLimits(text: string): { limits: Limits } | { faults: string[] } {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return { faults: [`: it is no JSON: ${describe(error)}`] };
  }
  const parsed = limitsSchema.safeParse(document);
  if (parsed.success) return { limits: parsed.data };
  return { faults: parsed.error.issues.flatMap((issue) => faultsOf(text, issue)) };
}

function faultsOf(text: string, issue: z.core.$ZodIssue): string[] {
  const path = issue.path.map(String);
  if (issue.code !== 'unrecognized_keys')
    return [`:${lineOf(text, path)}: ${path.join('.') || 'it'}: ${issue.message}`];
  const known = path[0] === undefined ? Object.keys(limitsSchema.shape) : ['warn', 'refuse'];
  return issue.keys.map((key) => {
    const name = [...path, key].join('.');
    return `:${lineOf(text, [...path, key])}: ${name} is no limit; did you mean ${closest(key, known)}?`;
  });
}

/** Of the last name of a path; what stands in an array is on the line of its name, or below it. */
function lineOf(text: string, path: readonly string[]): number {
  let at = 0;
  for (const key of path) at = Math.max(at, text.indexOf(`${JSON.stringify(key)}`, at));
  return text.slice(0, at).split('\n').length;
}
