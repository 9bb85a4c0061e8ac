/** Wakes up a follower of the chain; what has happened is always read by RPC. */
export type Heads = {
  /** Resolves at the next new block, or when one may have been missed. */
  next(): Promise<void>;
  close(): void;
};

/**
 * Says that there may be a new block: pushed over the node's WebSocket where it has one, and in any case every `pollMs`.
 * A lost connection, a lagging node or `event_missed` need no special case: the poll covers them, and a new connection is tried.
 */
export function watchHeads(wsUrl: () => string, { pollMs }: { pollMs: number }): Heads {
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const resolve of waiting) resolve();
  };
  let socket: WebSocket | undefined;
  let closed = false;
  let reconnect: ReturnType<typeof setTimeout> | undefined;

  const connect = () => {
    if (closed) return;
    socket = new WebSocket(wsUrl());
    socket.onopen = () =>
      socket?.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'subscribe', params: ['header_of_added_block'] }));
    socket.onmessage = () => wake();
    socket.onclose = () => {
      reconnect = setTimeout(connect, RECONNECT_MS);
    };
    socket.onerror = () => socket?.close(); // a node without WebSocket (the C# one) is polled
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

/** Often enough to notice a restarted node at once, seldom enough not to trouble one that has no WebSocket. */
const RECONNECT_MS = 3_000;
