import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createRpc } from './rpc.ts';

/** A node that says its name to everything, or never answers; `asked` counts. */
async function startNode(answer: string | null): Promise<{ url: string; asked: () => number }> {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    if (answer !== null) response.end(JSON.stringify({ jsonrpc: '2.0', id: 0, result: answer }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
}

test('several that find the same node silent leave it once, not for each other', async () => {
  const [silent, alive] = [await startNode(null), await startNode('alive')];
  const rpc = createRpc([silent.url, alive.url], { timeoutMs: 300 });
  for (let i = 0; i < 5; i += 1) expect(await Promise.all([rpc.call('a'), rpc.call('b')])).toEqual(['alive', 'alive']);
  expect([silent.asked(), alive.asked()]).toEqual([2, 10]);
});

test('a node is left on demand, and come back to after the others', async () => {
  const rpc = createRpc([(await startNode('first')).url, (await startNode('second')).url]);
  const names = [];
  for (let i = 0; i < 3; i += 1) {
    names.push(await rpc.call('name'));
    rpc.leave();
  }
  expect(names).toEqual(['first', 'second', 'first']);
});

test('without any that answers, the caller is told', async () => {
  const rpc = createRpc([(await startNode(null)).url], { timeoutMs: 50 });
  await expect(rpc.call('a')).rejects.toThrow('does not answer');
});
