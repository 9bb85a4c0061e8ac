import { type AnswerOf, answers, type Method } from './answers.ts';
import { NodeRefuses, RpcError, speaksOf } from './errors.ts';
import { type Endpoint, post } from './transport.ts';

export type Call<M extends Method = Method> = { method: M; params: readonly unknown[] };
/** The answer to one call of a batch. */
export type Answer<M extends Method = Method> = { result: AnswerOf<M> } | { error: RpcError };

/** What can be asked of one node, or of whichever of several is used. */
export type Ask = {
  /** @throws RpcError the request is refused · NodeUnavailable the node can't answer it */
  call<M extends Method>(method: M, params?: readonly unknown[]): Promise<AnswerOf<M>>;
  /** Calls answered by ONE node, in their order. @throws NodeUnavailable the node can't answer one of them */
  batch<const C extends readonly Call[]>(calls: C): Promise<{ [K in keyof C]: Answer<C[K]['method']> }>;
};

/** One node. Its name is all that may be said of it: its URL may hold secrets. */
export type Node = Ask & { name: string; wsUrl: string; headers: Record<string, string> };

/** neo-go refuses larger batches. */
export const MAX_BATCH = 100;

export function createNode(endpoint: Endpoint, timeoutMs: number): Node {
  const { name, wsUrl, headers } = endpoint;

  async function batch(calls: readonly Call[]): Promise<Answer[]> {
    if (calls.length === 0) return [];
    if (calls.length > MAX_BATCH) throw new RangeError(`a batch holds at most ${MAX_BATCH} calls, not ${calls.length}`);
    const body = calls.map(({ method, params }, id) => ({ jsonrpc: '2.0', id, method, params }));
    const told = await post(endpoint, body, timeoutMs);
    if (!Array.isArray(told)) {
      const { error } = wireOf(told);
      const reason = error ? endpoint.scrub(error.message) : 'it gives one answer to all';
      throw new NodeRefuses(`${name} refuses a batch of ${calls.length} calls: ${reason}`);
    }
    const byId = new Map(told.map((one) => [wireOf(one).id, one]));
    return calls.map(({ method }, id) => readAnswer(endpoint, method, byId.get(id)));
  }

  async function call<M extends Method>(method: M, params: readonly unknown[] = []): Promise<AnswerOf<M>> {
    const told = await post(endpoint, { jsonrpc: '2.0', id: 0, method, params }, timeoutMs);
    const answer = readAnswer(endpoint, method, told);
    if ('error' in answer) throw answer.error;
    return answer.result;
  }

  return { name, wsUrl, headers, call, batch: batch as Node['batch'] };
}

type Wire = { id?: unknown; result?: unknown; error?: { code: number; message: string; data?: unknown } };

/** Whatever a stranger's server sends, as the JSON-RPC answer that it should be. */
function wireOf(told: unknown): Wire {
  const wire: Wire = typeof told === 'object' && told !== null ? told : {};
  const { error } = wire;
  if (error === undefined || error === null) return { id: wire.id, result: wire.result };
  const code = Number.isInteger(error.code) ? error.code : Number.NaN;
  return { id: wire.id, error: { code, message: String(error.message ?? ''), data: error.data } };
}

/** @throws NodeRefuses where the answer speaks of the node, or is none */
function readAnswer<M extends Method>({ name, scrub }: Endpoint, method: M, told: unknown): Answer<M> {
  const { result, error } = wireOf(told);
  if (error) {
    const data = error.data === undefined || error.data === null ? undefined : scrub(String(error.data));
    const refusal = new RpcError(method, error.code, scrub(error.message), data);
    if (speaksOf(method, error.code) !== 'node') return { error: refusal };
    throw new NodeRefuses(`${name} can't answer (${error.code})`, { cause: refusal });
  }
  const parsed = answers[method].safeParse(result);
  if (parsed.success) return { result: parsed.data as AnswerOf<M> };
  const [issue] = parsed.error.issues;
  const place = [method, ...(issue?.path ?? [])].join('.');
  throw new NodeRefuses(`${name} gives a wrong answer: ${place}: ${issue?.message}`);
}
