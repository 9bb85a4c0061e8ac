import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Problem } from '../../protocol/api/problem.ts';
import type { App } from './route.ts';

/** From the first byte of a request to its last: 2 MiB over a slow line. */
const REQUEST_LIMIT_MS = 30_000;
/** Longer than the idle limit of usual proxies (60 s), so that it is they who close. */
const KEEP_ALIVE_MS = 65_000;
/** What is under way at the end gets this long; the rest of a stop's ten seconds is for the stores. */
const STOP_LIMIT_MS = 6_000;

export type Serving = { url: string; stop: () => Promise<void> };

/** What can be answered without a look at the routes; false: this can't. */
type Shortcut = (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;

export async function serve(
  app: App,
  { host, port }: { host: string; port: number },
  shortcut: Shortcut = () => false,
): Promise<Serving> {
  const listener = getRequestListener(app.fetch, {
    errorHandler: () => new Response(JSON.stringify(unreadable(400)), { status: 400, headers: problemType }),
  });
  const server = createServer(
    { requestTimeout: REQUEST_LIMIT_MS, keepAliveTimeout: KEEP_ALIVE_MS },
    (incoming, outgoing) => {
      if (!shortcut(incoming, outgoing)) void listener(incoming, outgoing);
    },
  );
  server.on('clientError', refuseUnreadable);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const { address, port: actual, family } = server.address() as AddressInfo;
  return { url: `http://${family === 'IPv6' ? `[${address}]` : address}:${actual}`, stop: () => stop(server) };
}

/** Takes no new connections, lets what is under way end, then closes. */
async function stop(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  const idle = setInterval(() => server.closeIdleConnections(), 100);
  const timer = setTimeout(() => server.closeAllConnections(), STOP_LIMIT_MS);
  await closed;
  clearInterval(idle);
  clearTimeout(timer);
}

const problemType = { 'Content-Type': 'application/problem+json' };

/** What never becomes a request: malformed HTTP, headers beyond Node's 16 KiB, a body that does not come. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const body = JSON.stringify(unreadable(status));
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${problemType['Content-Type']}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

const unreadable = (status: number): Problem => ({
  type: '/docs#invalidRequest',
  title: STATUS_CODES[status] ?? '',
  status,
  code: 'invalidRequest',
  detail: 'this is no HTTP request that can be read',
  errors: [],
});
