import { z } from 'zod';
import { readHeight } from '../chain/blocks.ts';
import { createRpc } from '../chain/rpc.ts';
import { signRequest } from '../protocol/sign/http-signature.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import { publicUrl } from '../protocol/types/url.ts';
import type { Settings } from './config.ts';
import { Refusal } from './refusal.ts';
import { type ApiStatus, statusSchema } from './shapes.ts';

/** The server waits for its index some seconds at most; what takes longer than this hangs. */
const REQUEST_LIMIT_MS = 60_000;

export type Api = {
  url: string;
  get<T>(path: string, schema: z.ZodType<T>, signer?: Signer): Promise<T>;
  /** A refusal of one item (409) is an answer too. */
  post<T>(path: string, body: unknown, schema: z.ZodType<T>, signer: Signer): Promise<T>;
};

/**
 * The API of the contract and network that the settings name. Its answers hold at least what the node's chain holds now, so
 * that a person who just sent a transaction reads its effect.
 */
export async function openApi(settings: Settings): Promise<Api> {
  const url = apiUrl(settings);
  const status = await readApiStatus(url);
  const minHeight = await nodeHeight(settings, status.network);
  const { network, contract } = settings;
  const shown = publicUrl(url);
  if (network !== undefined && status.network !== network)
    throw new Refusal(`the API at ${shown} is of network ${status.network}, the configured network is ${network}`);
  if (contract !== undefined && status.contract !== contract)
    throw new Refusal(`the API at ${shown} is of contract ${status.contract}, the configured one is ${contract}`);
  const heightHeader = minHeight === undefined ? {} : { 'min-height': String(minHeight) };
  return {
    url,
    get: (path, schema, signer) => exchange({ method: 'GET', url: url + path, headers: heightHeader }, schema, signer),
    post: (path, body, schema, signer) => {
      const headers = { ...heightHeader, 'content-type': 'application/json' };
      return exchange({ method: 'POST', url: url + path, headers, body: JSON.stringify(body) }, schema, signer);
    },
  };
}

export function apiUrl({ api }: Settings): string {
  if (api) return api;
  throw new Refusal('no API is known: run npm start, or give --api <url> (or KRYPTON_API_URL)');
}

export const readApiStatus = (url: string): Promise<ApiStatus> =>
  exchange({ method: 'GET', url: `${url}/v1/status`, headers: {} }, statusSchema);

/** The newest block of the nodes that are of that network. Without any, the API answers with what it has. */
async function nodeHeight({ rpc }: Settings, network: number): Promise<number | undefined> {
  if (!rpc) return undefined;
  const heights = await createRpc(rpc, { network }).everyone(readHeight);
  return heights.length === 0 ? undefined : Math.max(...heights.map(({ value }) => value));
}

type Request = { method: string; url: string; headers: Record<string, string>; body?: string };

async function exchange<T>(request: Request, schema: z.ZodType<T>, signer?: Signer): Promise<T> {
  const { method, url, body } = request;
  const headers = signer ? await signRequest(request, signer) : request.headers;
  const response = await fetch(url, {
    method,
    headers,
    ...(body !== undefined && { body }),
    signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
  }).catch((error) => {
    throw new Refusal(
      `the API at ${publicUrl(url)} does not answer (${reason(error)}); is it running? npm start runs one, --api <url> names another`,
      { cause: error },
    );
  });
  const answer = await response.json().catch(() => undefined);
  const parsed = schema.safeParse(answer);
  if (parsed.success && (response.ok || response.status === 409)) return parsed.data;
  throw new Refusal(response.ok ? unexpected(url, parsed.error) : problemLine(url, response.status, answer), {
    cause: parsed.error,
  });
}

const problemSchema = z.looseObject({ title: z.string(), code: z.string(), detail: z.string() });

/** `application/problem+json` in one line; the detail names each thing that is wrong. */
function problemLine(url: string, status: number, answer: unknown): string {
  const parsed = problemSchema.safeParse(answer);
  if (parsed.success) return `the API refuses (${status} ${parsed.data.code}): ${parsed.data.detail}`;
  return `the API at ${publicUrl(url)} answers with status ${status}`;
}

function unexpected(url: string, error: z.ZodError | undefined): string {
  const issue = error?.issues[0];
  return `what answers at ${publicUrl(url)} is no KRYPTON API of this version: ${issue?.path.join('.') || 'answer'}: ${issue?.message}`;
}

/** fetch hides what happened (ECONNREFUSED, ...) in causes. */
function reason(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `nothing for ${REQUEST_LIMIT_MS / 1000} s`;
  if (error instanceof Error && error.cause instanceof Error) return reason(error.cause);
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? String(error.code) : error.message;
}
