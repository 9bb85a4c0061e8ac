import { Agent, request } from 'node:http';

export type Shot = { path: string; method: string; headers: Record<string, string>; body: string };
export type Load = { perSecond: number; p50Ms: number; p99Ms: number };

/** Sends all, so many at a time, and expects each to be answered with 200. */
export async function fire(url: string, shots: readonly Shot[], connections: number): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const times: number[] = [];
  let next = 0;
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (;;) {
        const shot = shots[next];
        next += 1;
        if (!shot) return;
        const sentAt = performance.now();
        await send(url, shot, agent);
        times.push(performance.now() - sentAt);
      }
    }),
  );
  const seconds = (performance.now() - begin) / 1000;
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN;
  return { perSecond: shots.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
}

function send(url: string, { path, method, headers, body }: Shot, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(url + path, {
      method,
      agent,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      const { statusCode } = response;
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => (statusCode === 200 ? resolve() : reject(new Error(`${statusCode}: ${text}`))));
    });
    sent.end(body);
  });
}
