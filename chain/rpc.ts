import { NodeUnavailable, RpcError, WrongNetwork } from './errors.ts';

export type Call = { method: string; params: unknown[] };
/** The answer to one call of a batch. */
export type Answer = { result: unknown } | { error: RpcError };

/** JSON-RPC to a NEO N3 node, or to the first of several that answers. */
export type Rpc = {
  /** @throws RpcError refused · NodeUnavailable no node answers */
  call<T>(method: string, params?: unknown[]): Promise<T>;
  /** Calls answered by ONE node, in their order. @throws NodeUnavailable no node answers */
  batch(calls: Call[]): Promise<Answer[]>;
  /** Turns to the next node: the present one answers, but lags or stands still. */
  leave(): void;
  /** The WebSocket address of the node that answers at present. */
  wsUrl(): string;
};

/** A verbose block of 512 transactions takes a busy node seconds; a dead one should not hold us longer. */
const REQUEST_LIMIT_MS = 15_000;
/** neo-go refuses larger batches. */
export const MAX_BATCH = 100;

/** With a `network`, each node is asked once whether it is of that network before it is asked anything else. */
export function createRpc(
  urls: readonly string[],
  { timeoutMs = REQUEST_LIMIT_MS, network }: { timeoutMs?: number; network?: number } = {},
): Rpc {
  const checked = new Set<string>();
  let current = 0;
  const url = () => urls[current % urls.length] as string;

  async function ask(node: string, body: unknown): Promise<unknown> {
    if (network !== undefined && !checked.has(node)) {
      await checkNetwork(createRpc([node], { timeoutMs }), network);
      checked.add(node);
    }
    return postTo(node, body, timeoutMs);
  }

  /** Asks the current node, and each other one once, before it gives up. */
  async function post(body: unknown): Promise<unknown> {
    let failure: unknown;
    for (let tries = 0; tries < urls.length; tries += 1) {
      const asked = current;
      try {
        return await ask(url(), body);
      } catch (error) {
        if (!(error instanceof NodeUnavailable)) throw error;
        failure = error;
        if (current === asked) current += 1; // or somebody else has left it already
      }
    }
    throw failure;
  }

  async function batch(calls: Call[]): Promise<Answer[]> {
    if (calls.length === 0) return [];
    if (calls.length > MAX_BATCH) throw new RangeError(`a batch holds at most ${MAX_BATCH} calls, not ${calls.length}`);
    const body = calls.map((call, id) => ({ jsonrpc: '2.0', id, ...call }));
    const answers = await post(body);
    if (!Array.isArray(answers)) throw new NodeUnavailable(`${url()} refused a batch of ${calls.length} calls`);
    const byId = new Map(answers.map((answer) => [answer.id, answer]));
    return calls.map((call, id) => readAnswer(call.method, byId.get(id), url()));
  }

  async function call<T>(method: string, params: unknown[] = []): Promise<T> {
    const answer = readAnswer(method, await post({ jsonrpc: '2.0', id: 0, method, params }), url());
    if ('error' in answer) throw answer.error;
    return answer.result as T;
  }

  const leave = () => {
    current += 1;
  };

  return { call, batch, leave, wsUrl: () => `${url().replace(/^http/, 'ws').replace(/\/$/, '')}/ws` };
}

/** @throws WrongNetwork where the node's magic number is another one */
export async function checkNetwork(rpc: Rpc, network: number): Promise<void> {
  const found = (await readVersion(rpc)).network;
  if (found !== network)
    throw new WrongNetwork(`the node is of network ${found}, the configured network is ${network}`);
}

export type NodeVersion = {
  network: number;
  msPerBlock: number;
  maxValidUntilBlockIncrement: number;
  userAgent: string;
  /** Validators that sign blocks; 1 on a devnet. */
  validators: number;
};

export async function readVersion(rpc: Rpc): Promise<NodeVersion> {
  type Version = {
    useragent: string;
    protocol: { network: number; msperblock: number; maxvaliduntilblockincrement: number; validatorscount: number };
  };
  const { useragent, protocol } = await rpc.call<Version>('getversion');
  return {
    network: protocol.network,
    msPerBlock: protocol.msperblock,
    maxValidUntilBlockIncrement: protocol.maxvaliduntilblockincrement,
    userAgent: useragent,
    validators: protocol.validatorscount,
  };
}

async function postTo(url: string, body: unknown, timeoutMs: number): Promise<unknown> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    return await response.json();
  } catch (error) {
    throw new NodeUnavailable(`the NEO node at ${url} does not answer`, { cause: rootCause(error) });
  }
}

/** fetch hides what happened (ECONNREFUSED, ...) in the cause of its own "fetch failed". */
function rootCause(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? rootCause(error.cause) : error;
}

type Wire = { result?: unknown; error?: { code: number; message: string; data?: unknown } };

function readAnswer(method: string, answer: unknown, url: string): Answer {
  const { result, error } = (answer ?? {}) as Wire;
  if (error)
    return {
      error: new RpcError(method, error.code, error.message, error.data === undefined ? undefined : String(error.data)),
    };
  if (result === undefined) throw new NodeUnavailable(`${url} gave no answer to ${method}`);
  return { result };
}
