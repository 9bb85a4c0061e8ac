/** What a client may ask for in a window of time, which begins with its first request. */
export type Policy = { name: string; quota: number; windowS: number };

/** How a client stands, its newest request counted. */
export type Standing = { isOver: boolean; remaining: number; resetS: number };

/** What all processes together have counted of a client in its window. */
export type Counted = { consumed: number; msLeft: number };

export type Limiter = {
  policy: Policy;
  /** Counts a request. */
  take(client: string): Standing;
  stop(): void;
};

type Client = {
  /** Of the common count. */
  consumed: number;
  /** By this process's clock; null: nothing was heard yet, or the window is over. */
  resetAt: number | null;
  /** Requests that the common count was not told of yet, and those of which it was, but has not answered. */
  untold: number;
  told: number;
};

/** What one process adds to a count may stay unknown to the others for so long. */
const TELL_MS = 100;
/** Some 10 MB. Who is forgotten is counted by Redis all the same. */
const MAX_CLIENTS = 100_000;

/**
 * Counts requests by client. No request waits for that: it is judged by the last common count and by what this process
 * has counted since, which it adds to the common one ten times a second. So a limit costs next to nothing, and two
 * processes may let through a tenth of a second's worth too many.
 *
 * `add` adds to the common count and answers with it, or with null where it can't be reached: then all is allowed.
 */
export function createLimiter(
  add: (client: string, requests: number) => Promise<Counted | null>,
  policy: Policy,
  now: () => number = () => performance.now(),
): Limiter {
  const { quota, windowS } = policy;
  const clients = new Map<string, Client>();
  const waiting = new Set<string>();
  const timer = setInterval(tell, TELL_MS);
  timer.unref();

  function take(name: string): Standing {
    const client = clients.get(name) ?? enter(name);
    if (client.resetAt !== null && client.resetAt <= now()) {
      client.resetAt = null;
      client.consumed = 0;
    }
    const { consumed, resetAt, untold, told } = client;
    const before = consumed + untold + told;
    // Who is over stays over until the window ends: nobody need be told of more.
    if (consumed <= quota) {
      client.untold += 1;
      waiting.add(name);
    }
    const resetS = resetAt === null ? windowS : Math.ceil((resetAt - now()) / 1000);
    return { isOver: before >= quota, remaining: Math.max(0, quota - before - 1), resetS };
  }

  function enter(name: string): Client {
    const [oldest] = clients.keys();
    if (clients.size >= MAX_CLIENTS && oldest !== undefined) clients.delete(oldest);
    const client = { consumed: 0, resetAt: null, untold: 0, told: 0 };
    clients.set(name, client);
    return client;
  }

  function tell(): void {
    const names = [...waiting];
    waiting.clear();
    for (const name of names) {
      const client = clients.get(name);
      if (!client) continue;
      if (client.told > 0)
        waiting.add(name); // the next time, with what comes meanwhile
      else void tellOf(name, client);
    }
  }

  async function tellOf(name: string, client: Client): Promise<void> {
    client.told = client.untold;
    client.untold = 0;
    const counted = await add(name, client.told);
    client.told = 0;
    client.consumed = counted?.consumed ?? 0;
    client.resetAt = counted && now() + counted.msLeft;
  }

  return { policy, take, stop: () => clearInterval(timer) };
}
