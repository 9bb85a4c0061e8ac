import type { z } from 'zod';
import { type Delegation, delegationHeader, writeDelegation } from '../sign/delegation.ts';
import { signRequest } from '../sign/http-signature.ts';
import type { Signer } from '../sign/signer.ts';
import { ApiMismatch, ApiNotNow, ApiProblem, ApiUnreachable } from './failure.ts';
import type { Operation } from './operation.ts';
import { problemSchema } from './problem.ts';

/** How requests are made and answers are read, whether they end or go on as a stream. */
export type RequestOptions = {
  /** Where the API is, e.g. `https://api.example.org`. */
  url: string;
  /** Signs what only its account may ask. */
  signer?: Pick<Signer, 'publicKey' | 'sign'> | undefined;
  /** By it the signer's key reads in the name of the wallet that has signed it. */
  delegation?: Delegation | undefined;
  /** Answers hold at least this block: whoever has just seen their transaction in it reads its effect. */
  minHeight?: number | undefined;
};

export type Loose = {
  params?: Record<string, unknown>;
  query?: Record<string, unknown>;
  body?: unknown;
  /** Names in lower case. */
  headers?: Record<string, string>;
};

export const isGood = (status: number) => status >= 200 && status < 300;

export function targetOf(
  { path, operationId }: Pick<Operation, 'path' | 'operationId'>,
  { params = {}, query = {} }: Loose,
): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => {
    const text = textOf(params[name]);
    if (text === '') throw new TypeError(`${operationId} needs ${name}`);
    return encodeURIComponent(text);
  });
  const asked = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(Object.fromEntries(asked.map(([name, value]) => [name, textOf(value)])));
  return asked.length === 0 ? filled : `${filled}?${search}`;
}

const textOf = (value: unknown): string => (value instanceof Date ? value.toISOString() : String(value ?? ''));

type Asked = Pick<Operation, 'operationId' | 'method' | 'isSigned' | 'readsChain'>;

/** A signature covers `given.headers` too. */
export async function requestOf(
  { signer, delegation, minHeight }: RequestOptions,
  { operationId, method, isSigned, readsChain }: Asked,
  given: Loose,
  url: string,
): Promise<RequestInit> {
  const body = given.body === undefined ? undefined : JSON.stringify(given.body);
  const headers: Record<string, string> = { ...given.headers };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (readsChain && minHeight !== undefined) headers['min-height'] = String(minHeight);
  const request = { method: method.toUpperCase(), headers, ...(body !== undefined && { body }) };
  if (!isSigned) return request;
  const components = Object.keys(given.headers ?? {});
  if (!signer) throw new TypeError(`${operationId} has to be signed: the client was made without a signer`);
  if (delegation) headers[delegationHeader] = writeDelegation(delegation);
  return { ...request, headers: await signRequest({ ...request, url }, signer, { components }) };
}

export type Answered = { status: number; retryAfter: string | null; body: unknown };

export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no shape of ours: whoever looks for one says so
  }
}

/** fetch hides what happened (ECONNREFUSED, ...) in causes. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  return 'code' in error && error.code ? String(error.code) : error.message;
}

/** What a proxy says while the server behind it is away. */
const PROXY_STATUSES = [502, 503, 504];
/** A request later, or with fewer of them, helps. */
const NOT_NOW_STATUSES = [429, 503];

export function failureOf(url: string, { status, retryAfter, body }: Answered): Error {
  const problem = problemSchema.safeParse(body);
  const { origin, pathname } = new URL(url);
  if (!problem.success) {
    const words = `${origin} answers ${pathname} with status ${status}`;
    if (PROXY_STATUSES.includes(status)) return new ApiUnreachable(`the API at ${words}`);
    return new ApiMismatch(`what answers at ${words} is no KRYPTON API of this version`);
  }
  if (!NOT_NOW_STATUSES.includes(status)) return new ApiProblem(problem.data);
  return new ApiNotNow(problem.data, /^\d{1,6}$/.test(retryAfter ?? '') ? Number(retryAfter) : null);
}

export function mismatch(url: string, error: z.ZodError | undefined): ApiMismatch {
  const issue = error?.issues[0];
  const what = `${issue?.path.join('.') || 'answer'}: ${issue?.message}`;
  return new ApiMismatch(`what answers at ${new URL(url).origin} is no KRYPTON API of this version: ${what}`, {
    cause: error,
  });
}
