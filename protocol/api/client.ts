import type { Delegation } from '../sign/delegation.ts';
import type { Signer } from '../sign/signer.ts';
import { ApiMismatch, ApiUnreachable } from './failure.ts';
import type {
  AnswerOf,
  Arguments,
  Given,
  ItemOf,
  ListOperation,
  Operation,
  StreamItemOf,
  StreamOperation,
} from './operation.ts';
import {
  type Answered,
  failureOf,
  isGood,
  jsonOf,
  type Loose,
  mismatch,
  type RequestOptions,
  reasonOf,
  requestOf,
  targetOf,
} from './request.ts';
import { type Followed, type FollowGiven, follow } from './stream.ts';

export type ClientOptions = RequestOptions & { timeoutMs?: number };

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
  /**
   * Every event of a stream, once and in order, until the signal: what breaks is taken up again where it broke.
   * Throws as `call` does, where trying again does not help or has not helped for long.
   */
  follow<O extends StreamOperation>(
    operation: O,
    given?: FollowGiven<O>,
  ): AsyncGenerator<Followed<StreamItemOf<O>>, void>;
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
    follow: (operation, given = {}) => follow({ ...options, url }, operation, given),
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
