import { Redis } from 'ioredis';
import { inject } from 'vitest';

/** Database 0 hands out the numbers of the others, whichever process of the run asks. */
const counter = 'test:databases';

/** The URL of a database of one's own, empty. It goes with the server at the end of the run. */
export async function createTestRedis(): Promise<string> {
  const { redis } = inject('base');
  const client = new Redis(`${redis}0`);
  try {
    return `${redis}${await client.incr(counter)}`;
  } finally {
    client.disconnect();
  }
}
