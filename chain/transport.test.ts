import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { publicUrl } from '../protocol/types/url.ts';
import { startFakeNode, usually } from '../test/harness/fake-node.ts';
import { watchHeads } from './heads.ts';
import { createRpc } from './rpc.ts';
import { endpointOf } from './transport.ts';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
const secret = (url: string) =>
  url.replace('http://', 'http://alice:p%40ss:wörd%25@').concat('/v1/s3cretkey?key=0therkey');

/** All that a person could read of an error: message, causes, and what a logger prints. */
function everything(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = JSON.stringify(Object.fromEntries(Object.entries(error)));
  return [error.message, error.stack, own, everything(error.cause)].join('\n');
}

describe('a node behind a password', () => {
  test('is given it by basic authentication', async () => {
    const node = await startFakeNode(usually());
    expect(await createRpc([secret(node.url)]).call('getblockcount')).toBe(8);
    expect(node.headers[0]?.authorization).toBe(basic('alice:p@ss:wörd%'));
  });

  test('is given it for its WebSocket too', async () => {
    const asked = await new Promise<{ path: string | undefined; authorization: string | undefined }>((resolve) => {
      const server = createServer().on('upgrade', ({ url, headers }, socket) => {
        socket.destroy();
        resolve({ path: url, authorization: headers.authorization });
      });
      server.listen(0, '127.0.0.1', () => {
        const rpc = createRpc([secret(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)]);
        const heads = watchHeads(rpc.socket, { pollMs: 1_000 });
        onTestFinished(() => {
          heads.close();
          server.close();
        });
      });
    });
    expect(asked.authorization).toBe(basic('alice:p@ss:wörd%'));
    expect(asked.path).toBe('/v1/s3cretkey/ws?key=0therkey');
  });

  test('is polled where a WebSocket can have no heads of its own, as in a browser', async () => {
    const real = globalThis.WebSocket;
    onTestFinished(() => {
      globalThis.WebSocket = real;
    });
    globalThis.WebSocket = class {
      constructor(_url: string, protocols?: unknown) {
        if (protocols !== undefined) throw new SyntaxError('is no subprotocol');
      }
    } as never;
    const heads = watchHeads(createRpc([secret('http://127.0.0.1:9')]).socket, { pollMs: 10 });
    await heads.next();
    heads.close();
  });
});

describe('no secret of a URL is said', () => {
  const echo = 'Cannot POST /v1/s3cretkey?key=0therkey as alice:p@ss:wörd%';
  const failures: [string, Parameters<typeof startFakeNode>[1]][] = [
    ['of a node that is silent', () => 'silence'],
    ['with an HTTP status', () => ({ status: 404, body: echo })],
    ['with a page that repeats it', () => ({ body: echo })],
    ['with an answer that repeats it', () => ({ body: JSON.stringify({ error: { code: -32005, message: echo } }) })],
    [
      'with a refusal that repeats it',
      () => ({ body: JSON.stringify({ error: { code: -102, message: echo, data: echo } }) }),
    ],
    ['with a wrong answer', () => ({ body: JSON.stringify({ result: echo }) })],
  ];
  test.each(failures)('%s', async (_name, wire) => {
    const node = await startFakeNode(usually(), wire);
    const said: string[] = [];
    const report = ({ node: name, error }: { node: string; error: Error }) => said.push(name, everything(error));
    const rpc = createRpc([secret(node.url), secret(node.url)], { timeoutMs: 200, report });
    const asks = [() => rpc.call('getversion'), () => rpc.batch([{ method: 'getversion', params: [] }])];
    for (const ask of asks) {
      const error = await ask().then(
        () => null,
        (reason) => reason,
      );
      expect(error).toBeInstanceOf(Error);
      said.push(everything(error));
    }
    expect(said.join('\n')).not.toMatch(/alice|p@ss|p%40ss|wörd|s3cretkey|0therkey/);
  });

  test.each([
    ['http://user:password@node.example:10332/v1/key?k=1#f', 'http://node.example:10332'],
    ['https://node.example/key', 'https://node.example'],
    ['postgres://user:password@db.example:5432/name?sslmode=require', 'postgres://db.example:5432'],
    ['rediss://:password@cache.example:6380/0', 'rediss://cache.example:6380'],
    ['user:password', 'user://'],
    ['not a URL: s3cret', '(no URL)'],
  ])('%s is shown as %s', (url, shown) => {
    expect(publicUrl(url)).toBe(shown);
  });

  test('short parts of a path are left in what a node says', () => {
    expect(endpointOf('http://node.example/v1').scrub('v1 is gone')).toBe('v1 is gone');
  });
});
