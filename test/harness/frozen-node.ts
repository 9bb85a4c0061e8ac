import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

type Request = { id: number; method: string };

/** The URL of a node that has stopped at a height, as one that has lost its peers: all else it answers as the real one does. */
export async function startFrozenNode(real: string, height: number): Promise<string> {
  const frozen = ({ id }: Request) => ({ jsonrpc: '2.0', id, result: height + 1 });
  const server = createServer(async (request, response) => {
    if (request.method !== 'POST') return void response.writeHead(404).end(); // it has no WebSocket
    const asked = (await json(request)) as Request | Request[];
    const body = JSON.stringify(asked);
    const answer = await fetch(real, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const answered = (await answer.json()) as object | object[];
    const told =
      Array.isArray(asked) && Array.isArray(answered)
        ? answered.map((one, i) => (asked[i]?.method === 'getblockcount' ? frozen(asked[i]) : one))
        : (asked as Request).method === 'getblockcount'
          ? frozen(asked as Request)
          : answered;
    response.setHeader('content-type', 'application/json').end(JSON.stringify(told));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
