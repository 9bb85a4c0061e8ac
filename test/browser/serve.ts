import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** As strict as a page with money in it will have it: scripts of its own, and no text that becomes code. */
const policyOf = (connections: string) => `default-src 'none'; script-src 'self'; connect-src ${connections}`;
const page =
  '<!doctype html><meta charset="utf-8"><title>KRYPTON</title><script type="module" src="/page.js"></script>';

/**
 * A site of one page with this script, on localhost: WebCrypto and microphones want a secure context. `connections`: what
 * else the page may ask, as its policy says it.
 */
export async function servePage(
  script: string,
  connections = "'none'",
): Promise<{ url: string; close(): Promise<void> }> {
  const policy = policyOf(connections);
  const server = createServer(({ url }, response) => {
    const isScript = url === '/page.js';
    const type = isScript ? 'text/javascript' : 'text/html';
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'content-security-policy': policy });
    response.end(isScript ? script : page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
