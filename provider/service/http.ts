import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { describe, type Logger } from '../../process/run.ts';

/** HTTP for the machine itself: Kamailio's questions and a person's commands. */

/** A REGISTER of 64 KiB, which is what Kamailio takes, fits; a rate deck too. */
const MAX_BODY = 32 * 1024 * 1024;

export type Route = {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  /** Null: the route takes no body. */
  body: z.ZodType | null;
  /** Whether it is for whoever asks: what a watchdog reads. */
  isOpen?: boolean;
  answer: (body: unknown) => Promise<Answer> | Answer;
};

export type Answer = { status?: number; json?: unknown; text?: string };

/** A route with its body's type. */
export const route = <S extends z.ZodType>(
  method: Route['method'],
  path: string,
  body: S,
  answer: (body: z.output<S>) => Promise<Answer> | Answer,
): Route => ({ method, path, body, answer: answer as Route['answer'] });

export const read = (path: string, answer: () => Promise<Answer> | Answer, isOpen = false): Route => ({
  method: 'GET',
  path,
  body: null,
  isOpen,
  answer,
});

export type Serving = { url: string; stop: () => Promise<void> };

export type ServeOptions = {
  port: number;
  secret: string;
  log: Logger;
  /** Resolves when what an answer tells of is on disk. */
  written: () => Promise<void>;
};

/** Only the loopback is listened on, and only who knows the secret is answered: other users share the machine. */
export async function serve(routes: readonly Route[], { port, secret, log, written }: ServeOptions): Promise<Serving> {
  const expected = Buffer.from(`Bearer ${secret}`);
  const mayAsk = ({ headers }: IncomingMessage) => {
    const given = Buffer.from(headers.authorization ?? '');
    return given.length === expected.length && timingSafeEqual(given, expected);
  };
  const server = createServer((request, response) => {
    answerTo(routes, request, mayAsk(request))
      .then(async (answer) => {
        await written();
        return answer;
      })
      .catch((error) => {
        log.error(`${request.method} ${request.url}: ${describe(error)}`);
        log.debug(error);
        return { status: 500, json: { error: 'the wallet service failed; its log says why' } };
      })
      .then((answer) => send(response, answer));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop: () => stop(server) };
}

async function answerTo(routes: readonly Route[], request: IncomingMessage, mayAsk: boolean): Promise<Answer> {
  const [path] = (request.url ?? '').split('?');
  const found = routes.find((each) => each.method === request.method && each.path === path);
  if (!found?.isOpen && !mayAsk)
    return { status: 401, json: { error: 'expected Authorization: Bearer and the secret of the settings' } };
  if (!found) return { status: 404, json: { error: `there is no ${request.method} ${path}` } };
  const text = await bodyOf(request);
  if (text === null) return { status: 413, json: { error: `expected at most ${MAX_BODY} bytes` } };
  if (found.body === null) return found.answer(undefined);
  const parsed = found.body.safeParse(jsonOf(text));
  if (parsed.success) return found.answer(parsed.data);
  return { status: 400, json: { error: z.prettifyError(parsed.error) } };
}

/** Null: it is longer than we take. */
function bodyOf(request: IncomingMessage): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= MAX_BODY) chunks.push(chunk);
      else resolve(null);
    });
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8'))).on('error', reject);
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no shape of ours: the schema says so
  }
}

function send(response: ServerResponse, { status = 200, json, text }: Answer): void {
  const body = text ?? JSON.stringify(json ?? {}, (_key, item) => (typeof item === 'bigint' ? item.toString() : item));
  const type = text === undefined ? 'application/json' : 'text/plain; version=0.0.4';
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

/** What is under way gets so long at a stop. */
const STOP_LIMIT_MS = 6_000;

async function stop(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), STOP_LIMIT_MS);
  await closed;
  clearTimeout(timer);
}
