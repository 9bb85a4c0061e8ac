import { z } from 'zod';

/** Wakes up a follower of the chain; what has happened is always read by RPC. */
export type Heads = {
  /** Resolves at the next new block, or with null when one may have been missed. */
  next(): Promise<Told | null>;
  close(): void;
};

/** A block that the node at this address has told of: it has it. */
export type Told = { height: number; wsUrl: string };

/** Where a node pushes new blocks, and the heads that it asks for (authentication). */
type Socket = { url: string; headers: Record<string, string> };

/**
 * Says that there may be a new block: pushed over the node's WebSocket where it has one, and in any case every
 * `pollMs`. A lost connection, a lagging node or `event_missed` need no special case: the poll covers them, and a new
 * connection is tried.
 */
export function watchHeads(where: () => Socket, { pollMs }: { pollMs: number }): Heads {
  const waiting = new Set<(told: Told | null) => void>();
  const wake = (told: Told | null) => {
    for (const resolve of waiting) resolve(told);
  };
  let socket: WebSocket | undefined;
  let closed = false;
  let reconnect: ReturnType<typeof setTimeout> | undefined;

  const connect = () => {
    if (closed) return;
    const { url, headers } = where();
    const opened = open({ url, headers });
    socket = opened;
    if (!opened) {
      reconnect = setTimeout(connect, RECONNECT_MS); // another node may be used by then
      return;
    }
    opened.onopen = () =>
      opened.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'subscribe', params: ['header_of_added_block'] }));
    opened.onmessage = ({ data }) => {
      const height = heightIn(data);
      wake(height === null ? null : { height, wsUrl: url });
    };
    opened.onclose = () => {
      reconnect = setTimeout(connect, RECONNECT_MS);
    };
    opened.onerror = () => opened.close(); // a node without WebSocket (the C# one) is polled
  };
  connect();

  return {
    next: () =>
      new Promise((resolve) => {
        const done = (told: Told | null) => {
          clearTimeout(timer);
          waiting.delete(done);
          resolve(told);
        };
        const timer = setTimeout(done, pollMs, null);
        waiting.add(done);
      }),
    close: () => {
      closed = true;
      clearTimeout(reconnect);
      socket?.close();
      wake(null);
    },
  };
}

/** The index of the header that a node pushes; null in whatever else it says. */
function heightIn(message: unknown): number | null {
  const { data } = pushed.safeParse(message);
  return data?.params[0].index ?? null;
}

const pushed = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue({ code: 'custom', message: 'expected JSON' });
      return z.NEVER;
    }
  })
  .pipe(
    z.object({
      method: z.literal('header_of_added_block'),
      params: z.tuple([z.object({ index: z.int().nonnegative() })]).rest(z.unknown()),
    }),
  );

/**
 * Browsers let nobody set the heads of a WebSocket, and refuse to make one: there, a node behind a password is polled.
 */
function open({ url, headers }: Socket): WebSocket | undefined {
  if (Object.keys(headers).length === 0) return new WebSocket(url);
  const WithHeaders = WebSocket as unknown as new (url: string, init: Pick<Socket, 'headers'>) => WebSocket;
  try {
    return new WithHeaders(url, { headers });
  } catch {
    return undefined;
  }
}

/** Often enough to notice a restarted node at once, seldom enough not to trouble one that has no WebSocket. */
const RECONNECT_MS = 3_000;
