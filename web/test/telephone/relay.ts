import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/** The network between a page and its proxy, which a test takes away. */
export type Relay = {
  url: string;
  /** `closed`: no new connection comes about; `cut`: those that there are break, too. */
  be(state: 'open' | 'closed' | 'cut'): void;
  /** Cuts once such a text has come by from the page; what came with it has gone through. */
  cutAfter(text: string): Promise<void>;
  close(): void;
};

export async function openRelay(port: number): Promise<Relay> {
  let state: 'open' | 'closed' | 'cut' = 'open';
  let watched: { text: string; seen: () => void } | null = null;
  const pairs = new Set<[Socket, Socket]>();
  const server = createServer((near) => {
    if (state !== 'open') return near.destroy();
    const far = connect(port, '127.0.0.1');
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const [from, to] of [pair, [far, near]] as const) {
      from.on('data', (data) => to.write(data));
      from.on('error', end).on('close', end);
    }
    near.on('data', (data) => {
      // frames of a browser are masked: what is in them is read with the mask taken off
      if (watched === null || !unmasked(data).includes(watched.text)) return;
      const { seen } = watched;
      watched = null;
      be('cut');
      seen();
    });
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  function be(wanted: typeof state): void {
    state = wanted;
    if (wanted !== 'cut') return;
    for (const [near, far] of pairs) {
      near.destroy();
      far.end(); // what came by before goes through
    }
  }

  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    be,
    cutAfter: (text) =>
      new Promise((resolve) => {
        watched = { text, seen: resolve };
      }),
    close: () => {
      be('cut');
      server.close();
    },
  };
}

/** The payload of the first frame in it (RFC 6455). */
function unmasked(data: Buffer): string {
  const length = (data[1] ?? 0) & 0x7f;
  const start = length === 127 ? 10 : length === 126 ? 4 : 2;
  const mask = data.subarray(start, start + 4);
  return Buffer.from(data.subarray(start + 4).map((byte, i) => byte ^ (mask[i % 4] ?? 0))).toString('latin1');
}
