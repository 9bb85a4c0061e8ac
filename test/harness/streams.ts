import { createParser } from 'eventsource-parser';

// biome-ignore lint/suspicious/noExplicitAny: what an event holds is what a test looks at
export type Message = { id: string | undefined; event: string | undefined; data: any };

export type OpenStream = {
  status: number;
  headers: Headers;
  /** The next event. @throws where the stream is over */
  next(): Promise<Message>;
  /** Events up to the first that ends it, which is left out; or once there are enough. `position` of the start is none. */
  upTo(ends: (message: Message) => boolean, given: { enough: number }): Promise<Message[]>;
  cut(): void;
};

/** A stream, event by event, as they come over the wire. */
export async function openStream(url: string, headers: Record<string, string> = {}): Promise<OpenStream> {
  const over = new AbortController();
  const response = await fetch(url, { headers, signal: over.signal });
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  const messages: Message[] = [];
  const parser = createParser({
    onEvent: ({ id, event, data }) => messages.push({ id, event, data: JSON.parse(data) }),
  });

  async function next(): Promise<Message> {
    for (;;) {
      const message = messages.shift();
      if (message) return message;
      const { done, value } = (await reader?.read()) ?? { done: true };
      if (done) throw new Error('the stream is over');
      parser.feed(decoder.decode(value, { stream: true }));
    }
  }

  return {
    status: response.status,
    headers: response.headers,
    next,
    upTo: async (ends, { enough }) => {
      const found: Message[] = [];
      const first = await next(); // where the stream begins
      if (first.event !== 'position') found.push(first);
      while (found.length < enough) {
        const message = await next();
        if (ends(message)) break;
        found.push(message);
      }
      return found;
    },
    cut: () => over.abort(),
  };
}

/** The first so many, and then the reader leaves. */
export async function take<T>(items: AsyncGenerator<T, void>, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const item of items) {
    taken.push(item);
    if (taken.length >= count) break;
  }
  return taken;
}
