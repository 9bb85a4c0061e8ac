import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';

/**
 * The ceiling: what node:http answers in a second where each request is one row read from Postgres and one written,
 * with as many connections as the API has. Nothing is checked, decided or signed.
 */
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });

const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const { callId } = JSON.parse(body);
  const { rows } = await pool.query({ name: 'read', text: 'select * from escrows where id = $1', values: [1] });
  await pool.query({
    name: 'write',
    text: 'insert into bench_calls (call_id, amount) values ($1, $2) on conflict (call_id) do update set amount = excluded.amount',
    values: [callId, rows[0].amount],
  });
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ callId, allowed: true }));
});

server.listen(0, '127.0.0.1', () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
