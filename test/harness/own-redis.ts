import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { redisStarter } from '../../stack/base.ts';
import { openFolder, tools } from '../../stack/folder.ts';
import type { Part } from '../../stack/part.ts';
import { redisUrl } from '../../stack/redis.ts';
import { rememberState } from '../../stack/state.ts';

export type OwnRedis = {
  url: string;
  /** Where it keeps its data. */
  folder: string;
  stop(): Promise<void>;
};

/** A Redis for one test file alone, which it may break. */
export async function startOwnRedis(): Promise<OwnRedis> {
  const folder = openFolder(join(tools, `test-redis-${process.pid}`));
  const state = await rememberState(folder, () => {});
  const parts: Part[] = [];
  const quiet = { as: () => () => {} };
  const start = redisStarter({ folder, state, terminal: quiet }, { databases: 1 });
  await start((begun) => parts.push(begun));
  return {
    url: redisUrl(state),
    folder: folder.redis,
    stop: async () => {
      for (const part of parts) await part.stop();
      rmSync(folder.root, { recursive: true });
    },
  };
}
