/** Wakes up a follower of the chain; what has happened is always read by RPC. */
export type Heads = {
  /** Resolves at the next new block, or when one may have been missed. */
  next(): Promise<void>;
  close(): void;
};

/** Where a node pushes new blocks, and the heads that it asks for (authentication). */
type Socket = { url: string; headers: Record<string, string> };

/**
 * Says that there may be a new block: pushed over the node's WebSocket where it has one, and in any case every
 * `pollMs`. A lost connection, a lagging node or `event_missed` need no special case: the poll covers them, and a new
 * connection is tried.
 */
export function watchHeads(where: () => Socket, { pollMs }: { pollMs: number }): Heads {
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const resolve of waiting) resolve();
  };
  let socket: WebSocket | undefined;
  let closed = false;
  let reconnect: ReturnType<typeof setTimeout> | undefined;

  const connect = () => {
    if (closed) return;
    const opened = open(where());
    socket = opened;
    if (!opened) {
      reconnect = setTimeout(connect, RECONNECT_MS); // another node may be used by then
      return;
    }
    opened.onopen = () =>
      opened.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'subscribe', params: ['header_of_added_block'] }));
    opened.onmessage = () => wake();
    opened.onclose = () => {
      reconnect = setTimeout(connect, RECONNECT_MS);
    };
    opened.onerror = () => opened.close(); // a node without WebSocket (the C# one) is polled
  };
  connect();

  return {
    next: () =>
      new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          waiting.delete(done);
          resolve();
        };
        const timer = setTimeout(done, pollMs);
        waiting.add(done);
      }),
    close: () => {
      closed = true;
      clearTimeout(reconnect);
      socket?.close();
      wake();
    },
  };
}

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
