import { encode, openLine, until } from '../load.ts';

/** Asks at a fixed rate until it is told to stop, and then says in how many milliseconds each answer came. */
const [url = '', users = '[]', rate = '50'] = process.argv.slice(2);
const CONNECTIONS = 4;

const shots = (JSON.parse(users) as string[]).map((user) =>
  encode(url, { method: 'GET', path: `/query/location/${user}` }),
);
const lines = await Promise.all(Array.from({ length: CONNECTIONS }, () => openLine(url)));
const times: number[] = [];
let next = 0;
let isOver = false;
process.once('message', () => {
  isOver = true;
});
process.once('disconnect', () => process.exit()); // also where the bench is killed
process.send?.('asking');

const begin = performance.now();
await Promise.all(
  lines.map(async (line) => {
    while (!isOver) {
      const dueAt = begin + (next / Number(rate)) * 1_000;
      const shot = shots[next % shots.length] as Buffer;
      next += 1;
      await until(dueAt);
      await line.send(shot);
      times.push(performance.now() - dueAt);
    }
    line.close();
  }),
);
process.send?.(times); // long ones take a while to be sent: whoever reads them ends the connection
