import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Database } from '../database/connection.ts';
import { type Contender, compare, type Row, type Size } from './compare.ts';
import { fillIndex } from './index-rows.ts';
import { encode, fire, type Load, loadOf } from './load.ts';
import { inWorld, type Server } from './world.ts';

const sizes = {
  full: { listeners: 1_000, blocks: 20, reads: 3_000, rounds: 5 },
  short: { listeners: 20, blocks: 2, reads: 30, rounds: 1 },
};
const READERS = 4;
const ASKED_MS = 100;
/** Of a fast network. */
const BLOCK_MS = 100;

/** Whoever follows the events, by sockets of their own. */
type Audience = {
  /** Until all have an event with this in it; how many milliseconds that took from now on. */
  heard(text: string): Promise<number>;
  leave(): void;
};

/** All that follow events at once; and what others, who read meanwhile, notice of it. */
export const measureEvents = (size: Size): Promise<Row[]> =>
  inWorld(async ({ db, postgres, startApi, startCeiling }): Promise<Row[]> => {
    const { listeners, blocks, reads, rounds } = sizes[size];
    const { users } = await fillIndex(db, { users: 10_000, providers: 20, settlements: 500 });
    const tell = await blockWriter(db);
    const [api, raw] = [await startApi(), await startCeiling('events')];

    async function tellAll(server: Server, path: string): Promise<Load> {
      const audience = await openAudience(server.url + path, listeners);
      const times: number[] = [];
      for (let block = 0; block < blocks; block += 1) times.push(await tell(audience));
      audience.leave();
      const sum = times.reduce((total, time) => total + time, 0);
      return loadOf(times, (1000 * blocks * listeners) / sum);
    }

    const following = (name: string, server: Server, path: string): Contender => ({
      name,
      pid: server.pid,
      run: () => tellAll(server, path),
    });
    const ours = following('told', api, '/v1/events');
    const ceiling = following('node:http that writes the same to each', raw, '/');
    for (const each of [ours, ceiling]) await each.run();
    const plan = { rounds, requests: blocks * listeners, postgres };
    const asked = `all within ${ASKED_MS} ms`;
    const what = `an event to ${listeners.toLocaleString('en')} listeners of \`GET /v1/events\``;
    const told = await compare({ ...plan, what, asked }, ours, [ceiling]);
    const { p50Ms, p99Ms } = told.ours;
    const row = { ...told, asked: `${asked}: ${p50Ms.toFixed(0)} ms, at the longest ${p99Ms.toFixed(0)} ms` };

    let next = 0;
    const shots = () =>
      Array.from({ length: reads }, () => {
        next += 1;
        return encode(api.url, { method: 'GET', path: `/query/location/${users[next % users.length]}` });
      });
    const alone: Contender = {
      name: 'the same while nobody listens',
      pid: api.pid,
      run: () => fire(api.url, shots(), READERS),
    };
    const meanwhile: Contender = {
      name: 'read',
      pid: api.pid,
      run: async () => {
        const audience = await openAudience(`${api.url}/v1/events`, listeners);
        let isReading = true;
        const reading = alone.run().finally(() => {
          isReading = false;
        });
        while (isReading) await Promise.all([tell(audience), sleep(BLOCK_MS)]);
        audience.leave();
        return reading;
      },
    };
    const busy = `\`GET /query/location\` while ${listeners.toLocaleString('en')} are told of ten events a second`;
    const kept = await compare({ ...plan, requests: reads, what: busy, asked: 'they go on' }, meanwhile, [alone]);
    return [row, kept];
  });

/** Commits blocks with an event each, as the indexer does; how long each takes until all have heard of it. */
async function blockWriter(db: Database): Promise<(audience: Audience) => Promise<number>> {
  const { rows } = await sql<{ height: number }>`select height from cursor`.execute(db);
  let height = rows[0]?.height ?? 0;
  return async ({ heard }) => {
    height += 1;
    const hash = `0x${height.toString(16).padStart(64, '0')}`;
    const payload = JSON.stringify({ account: hash, from: null, amount: '5' });
    const told = await db.transaction().execute(async (tx) => {
      await sql`insert into blocks values (${height}, ${hash}, '', now())`.execute(tx);
      await sql`insert into events (height, position, tx_hash, ordinal, name, payload)
        values (${height}, 0, ${hash}, 0, 'Deposited', ${payload})`.execute(tx);
      await sql`update cursor set height = ${height}, hash = ${hash}`.execute(tx);
      await sql`select pg_notify('krypton_head', ${String(height)})`.execute(tx);
      return { all: heard(hash) };
    });
    return told.all;
  };
}

async function openAudience(url: string, listeners: number): Promise<Audience> {
  const { hostname, port, pathname } = new URL(url);
  const request = encode(url, { method: 'GET', path: pathname });
  let wanted = '';
  let missing = 0;
  let resolve = () => {};
  const sockets = await Promise.all(
    Array.from({ length: listeners }, async () => {
      const socket = connect(Number(port), hostname);
      let heard = '';
      let received = '';
      await new Promise<void>((begun, reject) => {
        socket.on('error', reject).on('data', (chunk) => {
          received = (received + chunk.toString('latin1')).slice(-2_000);
          if (received.includes('event: position')) begun();
          if (wanted === '' || heard === wanted || !received.includes(wanted)) return;
          heard = wanted;
          missing -= 1;
          if (missing === 0) resolve();
        });
        socket.write(request);
      });
      return socket;
    }),
  );
  return {
    heard: (text) => {
      const began = performance.now();
      [wanted, missing] = [text, listeners];
      return new Promise((done) => {
        resolve = () => done(performance.now() - began);
      });
    },
    leave: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}
