import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { Health as Answer } from '../protocol/api/status.ts';
import { describe } from './describe.ts';
import { within } from './within.ts';

/** `ok`, or what is wrong. */
export type Check = () => Promise<string>;

/** What an orchestrator may ask of a process that serves nothing else. */
export type Health = {
  /** Until then the process is starting, and not ready. `role` says what it does at the moment. */
  begin(checks: Record<string, Check>, role?: () => string): void;
};

/** Who asks does not wait longer either: a check that takes longer has failed. */
const LIMIT_MS = 3_000;

/** Where nobody asks. */
export const noHealth: Health = { begin: () => {} };

/**
 * `/healthz`: the process runs. `/readyz`: it can do its work, or 503 with what it lacks. Ends with the process.
 * @throws where the port is taken
 */
export async function serveHealth(
  { host, port }: { host: string; port: number },
  log: Logger,
): Promise<Health & { url: string }> {
  let checks: Record<string, Check> = { process: async () => 'starting' };
  let role: (() => string) | undefined;

  const ready = async (response: ServerResponse) => {
    const results = await runChecks(checks);
    const isOk = Object.values(results).every((result) => result === 'ok');
    const told: Answer = { status: isOk ? 'ok' : 'unavailable', checks: results };
    answer(response, isOk ? 200 : 503, role === undefined ? told : { ...told, role: role() });
  };
  const server = createServer((request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, { status: 'unavailable' });
    if (request.url === '/healthz') return answer(response, 200, { status: 'ok', checks: { process: 'ok' } });
    if (request.url === '/readyz') return void ready(response);
    answer(response, 404, { status: 'unavailable' });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  server.unref(); // it keeps no process alive that has nothing else to do
  const { port: actual } = server.address() as AddressInfo;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${actual}`;
  log.info(`health at ${url}`);
  return {
    url,
    begin: (given, saidRole) => {
      checks = given;
      role = saidRole;
    },
  };
}

async function runChecks(checks: Record<string, Check>): Promise<Record<string, string>> {
  const run = async ([name, check]: [string, Check]) => {
    const result = check().catch((error) => describe(error));
    return [name, (await within(LIMIT_MS, result)) ?? `no answer within ${LIMIT_MS / 1000} s`] as const;
  };
  return Object.fromEntries(await Promise.all(Object.entries(checks).map(run)));
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
