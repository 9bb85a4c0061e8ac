import { closest } from 'fastest-levenshtein';
import { z } from 'zod';
import { publicUrl } from '../protocol/types/url.ts';
import { type Variable, variables } from './variables.ts';

/** A setting is wrong: the message is for a person, says which one and what is expected, and needs no stack. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** `databaseUrl` -> `KRYPTON_DATABASE_URL` */
type VariableOf<K extends string> = K extends `${infer Head}${infer Tail}`
  ? `${Head extends Uppercase<Head> ? `_${Head}` : Uppercase<Head>}${VariableOf<Tail>}`
  : '';

type Shape = Record<string, z.ZodType>;
/** Refuses, at compile time, a setting whose variable is not in the one list. */
type Known<S extends Shape> = {
  [K in keyof S & string as `KRYPTON_${VariableOf<K>}` extends Variable ? K : never]: S[K];
};

/**
 * Reads a process's settings from the environment: the setting `databaseUrl` from `KRYPTON_DATABASE_URL`.
 * An empty variable counts as absent. An unknown `KRYPTON_*` variable refuses to start.
 * @throws ConfigError naming each bad variable and what is expected
 */
export function loadConfig<S extends Shape>(shape: S & Known<S>, env: NodeJS.ProcessEnv): z.infer<z.ZodObject<S>> {
  refuseUnknown(env);
  const given = Object.fromEntries(Object.keys(shape).map((key) => [key, env[variableName(key)] || undefined]));
  const parsed = z.object<S>(shape).safeParse(given);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `${variableName(String(issue.path[0]))}: ${issue.message}`);
  throw new ConfigError(lines.join('; '));
}

/** What may be printed of the settings: no password, and of URLs only where they lead to. */
export function redacted(config: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, redactedValue(key, value)]));
}

function redactedValue(key: string, value: unknown): unknown {
  if (/(password|secret)$/i.test(key)) return value === undefined ? undefined : '***';
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map((item) => redactedValue(key, item));
  return typeof value === 'string' && value.includes('://') ? publicUrl(value) : value;
}

function variableName(key: string): string {
  return `KRYPTON_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

function refuseUnknown(env: NodeJS.ProcessEnv): void {
  const known: readonly string[] = variables;
  const unknown = Object.keys(env).find((name) => name.startsWith('KRYPTON_') && !known.includes(name));
  if (unknown === undefined) return;
  throw new ConfigError(`${unknown} is no setting of KRYPTON; did you mean ${closest(unknown, [...known])}?`);
}
