import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import pg from 'pg';
import { isSignatureValid } from '../api/signature/p256.ts';
import type { PublicKey } from '../protocol/types/public-key.ts';

/**
 * The ceilings: servers that do what can't be left out, and nothing else. Nothing is parsed strictly, limited, decided
 * or explained here.
 */
const [kind = '', known = 'null'] = process.argv.slice(2);

/** As many connections as the API has for such requests. */
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });

const listeners: Record<string, () => RequestListener> = {
  /** The framework alone. */
  hello: () => getRequestListener(new Hono().get('*', (c) => c.json({ hello: 'world' })).fetch),
  /** A prepared query; its values stand in the path, as JSON. */
  read: () => {
    const { text } = JSON.parse(known) as { text: string };
    return async (request, response) => {
      const values = JSON.parse(decodeURIComponent((request.url ?? '').slice(1)));
      const { rows } = await pool.query({ name: 'read', text, values });
      answer(response, rows);
    };
  },
  /** An event is read once, and written to all who listen. */
  events: () => {
    const audience = new Set<ServerResponse>();
    void followEvents((text) => {
      for (const response of audience) response.write(text);
    });
    return (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('event: position\ndata: {}\n\n');
      audience.add(response);
      response.on('close', () => audience.delete(response));
    };
  },
  /** A row read and a row written, in two round trips; nothing is checked. */
  trips: () => async (request, response) => {
    const { callId } = JSON.parse((await bodyOf(request)).toString());
    const { rows } = await pool.query({ name: 'escrow', text: 'select * from escrows where id = $1', values: [1] });
    const text = `insert into bench_holds (call_id, amount) values ($1, $2)
      on conflict (call_id) do update set amount = excluded.amount`;
    const { rowCount } = await pool.query({ name: 'hold', text, values: [callId, rows[0].amount] });
    answer(response, { callId, allowed: rowCount === 1 });
  },
  /** A signature verified, its nonce and a hold's row committed by one statement. */
  permission: () => signed('write_hold', 'insert into bench_holds (call_id, amount) select $4, 1 from used'),
  /** The same with a CDR's row. */
  cdr: () => signed('write_cdr', 'insert into bench_cdrs (call_id, content) select $4, $5::json from used'),
};

async function followEvents(tell: (text: string) => void): Promise<void> {
  const client = await pool.connect();
  const text = 'select * from events order by height desc, position desc limit 1';
  client.on('error', () => {}); // Postgres ends first
  client.on('notification', async () => {
    const { rows } = await pool.query({ name: 'event', text });
    tell(`id: ${rows[0].height}.${rows[0].position}\nevent: ${rows[0].name}\ndata: ${JSON.stringify(rows[0])}\n\n`);
  });
  await client.query('listen krypton_head');
}

function signed(name: string, insert: string): RequestListener {
  const set = name === 'write_cdr' ? '' : 'on conflict (call_id) do update set amount = excluded.amount';
  const text = `with used as (
      insert into request_nonces (key_id, nonce, expires_at) values ($1, $2, $3) on conflict do nothing returning key_id)
    ${insert} ${set} returning call_id`;
  const withBody = insert.includes('$5');
  return async (request, response) => {
    const body = await bodyOf(request);
    const { keyid, nonce } = verified(request, body);
    const asked = JSON.parse(body.toString());
    const { callId } = asked.cdrs ? asked.cdrs[0] : asked;
    const values = [keyid, nonce, new Date(Date.now() + 600_000), callId, ...(withBody ? [body.toString()] : [])];
    const { rowCount } = await pool.query({ name, text, values });
    answer(response, { callId, allowed: rowCount === 1 });
  };
}

/** Of a request that is signed as our own client signs it. */
function verified({ method, url, headers }: IncomingMessage, body: Buffer) {
  const parameters = String(headers['signature-input']).slice('sig='.length);
  const digest = createHash('sha256').update(body).digest('base64');
  if (headers['content-digest'] !== `sha-256=:${digest}:`) throw new Error('another body was signed');
  const base =
    `"@method": ${method}\n"@authority": ${headers.host}\n"@path": ${url}\n"@query": ?\n` +
    `"content-digest": ${headers['content-digest']}\n"@signature-params": ${parameters}`;
  const keyid = /keyid="(\w+)"/.exec(parameters)?.[1] ?? '';
  const nonce = /nonce="(\w+)"/.exec(parameters)?.[1] ?? '';
  const signature = Buffer.from(String(headers.signature).slice('sig=:'.length, -1), 'base64');
  if (!isSignatureValid(keyid as PublicKey, Buffer.from(base), signature)) throw new Error('forged');
  return { keyid, nonce };
}

function bodyOf(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', reject);
  });
}

function answer(response: Parameters<RequestListener>[1], value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

const listener = listeners[kind]?.();
if (!listener) throw new Error(`no ceiling is called ${kind}`);
const server = createServer(listener);
server.listen(0, '127.0.0.1', () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
