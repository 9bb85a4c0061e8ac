import { Agent, request } from 'node:http';
import pg from 'pg';

/**
 * The bare pipeline, in a process of its own: the answers that an index needs are fetched, parsed, and, with a database,
 * inserted as they are. Nothing is checked or decoded, no state follows, nothing has an index. Two workers, each with
 * a connection of its own to the node and to Postgres.
 */
type Task = { rpcUrl: string; contract: string; databaseUrl: string | null; from: number; to: number };
type Wire = { result: { hash: string; previousblockhash: string; time: number; index: number } & Emitted };
type Emitted = { application?: { container: string; eventname: string; state: unknown }[] };

const WORKERS = 2;
const BLOCKS_AT_A_TIME = 50;

async function run({ rpcUrl, contract, databaseUrl, from, to }: Task): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: WORKERS });
  const clients = await Promise.all(Array.from({ length: WORKERS }, () => connect(databaseUrl)));
  let next = from;
  const begin = performance.now();
  await Promise.all(
    clients.map(async (client) => {
      while (next <= to) {
        const heights = Array.from({ length: Math.min(BLOCKS_AT_A_TIME, to - next + 1) }, (_, i) => next + i);
        next += heights.length;
        const answers = (await post(rpcUrl, agent, bodyOf(heights, contract))) as Wire[];
        if (client) await insert(client, answers);
      }
    }),
  );
  return (performance.now() - begin) / 1000;
}

async function connect(databaseUrl: string | null): Promise<pg.Client | null> {
  if (databaseUrl === null) return null;
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  return client;
}

const bodyOf = (heights: readonly number[], contract: string): string =>
  JSON.stringify(
    heights.flatMap((height) => [
      { jsonrpc: '2.0', id: 2 * height, method: 'getblockheader', params: [height, 1] },
      { jsonrpc: '2.0', id: 2 * height + 1, method: 'getblocknotifications', params: [height, { contract }] },
    ]),
  );

function post(url: string, agent: Agent, body: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function insert(client: pg.Client, answers: readonly Wire[]): Promise<void> {
  const blocks: unknown[][] = [[], [], [], []];
  const events: unknown[][] = [[], [], [], [], []];
  for (let i = 0; i < answers.length; i += 2) {
    const { index, hash, previousblockhash, time } = (answers[i] as Wire).result;
    [index, hash, previousblockhash, time].forEach((value, column) => void blocks[column]?.push(value));
    const { application = [] } = (answers[i + 1] as Wire).result;
    application.forEach(({ container, eventname, state }, position) => {
      const row = [index, position, container, eventname, JSON.stringify(state)];
      row.forEach((value, column) => void events[column]?.push(value));
    });
  }
  await client.query('begin');
  await client.query(
    'insert into raw_blocks select * from unnest($1::integer[], $2::text[], $3::text[], $4::bigint[])',
    blocks,
  );
  await client.query(
    'insert into raw_events select * from unnest($1::integer[], $2::integer[], $3::text[], $4::text[], $5::jsonb[])',
    events,
  );
  await client.query('commit');
}

process.once('message', (task: Task) => {
  run(task).then(
    (seconds) => process.send?.({ seconds }),
    (error) => process.send?.({ error: String(error) }),
  );
});
process.once('disconnect', () => process.exit()); // until then its connections tell what they have taken
