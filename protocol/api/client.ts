import type { z } from 'zod';
import { type Delegation, delegationHeader, writeDelegation } from '../sign/delegation.ts';
import { signRequest } from '../sign/http-signature.ts';
import type { Signer } from '../sign/signer.ts';
import { ApiMismatch, ApiNotNow, ApiProblem, ApiUnreachable } from './failure.ts';
import type { AnswerOf, Arguments, Given, ItemOf, ListOperation, Operation } from './operation.ts';
import { problemSchema } from './problem.ts';

export type ClientOptions = {
  /** Where the API is, e.g. `https://api.example.org`. */
  url: string;
  /** Signs what only its account may ask. */
  signer?: Pick<Signer, 'publicKey' | 'sign'> | undefined;
  /** By it the signer's key reads in the name of the wallet that has signed it. */
  delegation?: Delegation | undefined;
  /** Answers hold at least this block: whoever has just seen their transaction in it reads its effect. */
  minHeight?: number | undefined;
  timeoutMs?: number;
};

/** The server waits 20 s at most for a block; what takes longer than this hangs. */
const TIMEOUT_MS = 60_000;
/** With pages of 50: half a million items, which nobody reads by accident. */
const MAX_PAGES = 10_000;

export type Client = {
  url: string;
  /** The same API for another signer, in its own name or in that of a wallet. */
  as(signer: Pick<Signer, 'publicKey' | 'sign'>, delegation?: Delegation): Client;
  /**
   * The answer to an operation of `protocol/api/`, with fields that this version does not know yet.
   * @throws ApiProblem, ApiNotNow, ApiUnreachable, ApiMismatch
   */
  call<O extends Operation>(operation: O, ...given: Arguments<O>): Promise<AnswerOf<O>>;
  /** Every item of a list: a page is asked for when its first item is. Throws as `call` does. */
  items<O extends ListOperation>(operation: O, ...given: Arguments<O>): AsyncGenerator<ItemOf<O>, void>;
};

/** The API, for whoever may use `fetch`: a page, a service, a person's command. */
export function createClient(options: ClientOptions): Client {
  const url = options.url.replace(/\/+$/, '');
  const call: Client['call'] = (operation, ...given) => ask({ ...options, url }, operation, (given[0] ?? {}) as Loose);
  return {
    url,
    as: (signer, delegation) => createClient({ ...options, signer, delegation }),
    call,
    items: itemsBy(call),
  };
}

const itemsBy = (call: Client['call']): Client['items'] =>
  async function* items<O extends ListOperation>(operation: O, ...[given]: Arguments<O>) {
    const { query, ...rest } = (given ?? {}) as Loose;
    let cursor: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const asked = { ...rest, query: { ...query, ...(cursor !== undefined && { cursor }) } } as Given<O>;
      const { items, next }: AnswerOf<O> = await call(operation, ...([asked] as Arguments<O>));
      yield* items as ItemOf<O>[];
      if (next === null) return;
      if (next === cursor) throw new ApiMismatch(`a page of ${operation.operationId} says that it follows itself`);
      cursor = next;
    }
    throw new ApiMismatch(`${operation.operationId} has more than ${MAX_PAGES} pages`);
  };

type Loose = { params?: Record<string, unknown>; query?: Record<string, unknown>; body?: unknown };

async function ask<O extends Operation>(options: ClientOptions, operation: O, given: Loose): Promise<AnswerOf<O>> {
  const url = options.url + targetOf(operation, given);
  const response = await send(url, await requestOf(options, operation, given, url), options.timeoutMs ?? TIMEOUT_MS);
  const { status, body } = response;
  const parsed = operation.answer.safeParse(body);
  // The answer itself, and not what the schema keeps of it: more fields are welcome.
  if (parsed.success && (isGood(status) || operation.alsoAnswers?.includes(status))) return body as AnswerOf<O>;
  if (isGood(status)) throw mismatch(url, parsed.error);
  throw failureOf(url, response);
}

const isGood = (status: number) => status >= 200 && status < 300;

function targetOf({ path, operationId }: Operation, { params = {}, query = {} }: Loose): string {
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

async function requestOf(
  { signer, delegation, minHeight }: ClientOptions,
  { operationId, method, isSigned, readsChain }: Operation,
  given: Loose,
  url: string,
): Promise<RequestInit> {
  const body = given.body === undefined ? undefined : JSON.stringify(given.body);
  const headers: Record<string, string> = {};
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (readsChain && minHeight !== undefined) headers['min-height'] = String(minHeight);
  const request = { method: method.toUpperCase(), headers, ...(body !== undefined && { body }) };
  if (!isSigned) return request;
  if (!signer) throw new TypeError(`${operationId} has to be signed: the client was made without a signer`);
  if (delegation) headers[delegationHeader] = writeDelegation(delegation);
  return { ...request, headers: await signRequest({ ...request, url }, signer) };
}

type Answered = { status: number; retryAfter: string | null; body: unknown };

/** A redirect is no answer: what was signed for one address means nothing at another. */
async function send(url: string, request: RequestInit, timeoutMs: number): Promise<Answered> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { ...request, redirect: 'error', signal });
    const text = await response.text();
    return { status: response.status, retryAfter: response.headers.get('retry-after'), body: jsonOf(text) };
  } catch (error) {
    const hangs = error instanceof Error && error.name === 'TimeoutError';
    const reason = hangs ? `nothing for ${timeoutMs / 1000} s` : reasonOf(error);
    throw new ApiUnreachable(`the API at ${new URL(url).origin} does not answer (${reason})`, { cause: error });
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no shape of ours: whoever looks for one says so
  }
}

/** fetch hides what happened (ECONNREFUSED, ...) in causes. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  return 'code' in error && error.code ? String(error.code) : error.message;
}

/** What a proxy says while the server behind it is away. */
const PROXY_STATUSES = [502, 503, 504];
/** A request later, or with fewer of them, helps. */
const NOT_NOW_STATUSES = [429, 503];

function failureOf(url: string, { status, retryAfter, body }: Answered): Error {
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

function mismatch(url: string, error: z.ZodError | undefined): ApiMismatch {
  const issue = error?.issues[0];
  const what = `${issue?.path.join('.') || 'answer'}: ${issue?.message}`;
  return new ApiMismatch(`what answers at ${new URL(url).origin} is no KRYPTON API of this version: ${what}`, {
    cause: error,
  });
}
