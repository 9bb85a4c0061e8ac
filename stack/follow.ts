import { closeSync, copyFileSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

/** A person does not notice a tenth of a second; ten reads a second per part cost nothing. */
const pollMs = 100;
/** One old file is kept beside the current one: at most twice this per part. */
const maxFileBytes = 32 * 1024 * 1024;
const chunkBytes = 64 * 1024;

export interface Follower {
  /** Hands on what was written since the last look. */
  drain(): void;
  stop(): void;
}

/**
 * Parts write straight into their log files and the supervisor follows these, instead of holding a pipe: a part then
 * never waits for the supervisor, and does not die of a broken pipe in its last words when the supervisor is gone
 * (a Go program would, before the node has flushed its chain).
 */
export function followFile(path: string, from: number, onLine: (line: string) => void): Follower {
  const file = openSync(path, 'r+');
  const chunk = Buffer.alloc(chunkBytes);
  const decoder = new StringDecoder('utf8');
  let position = from;
  let rest = '';

  const drain = () => {
    for (;;) {
      const count = readSync(file, chunk, 0, chunkBytes, position);
      if (count === 0) break;
      position += count;
      const lines = (rest + decoder.write(chunk.subarray(0, count))).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    }
    if (position > maxFileBytes) {
      copyFileSync(path, `${path}.1`);
      ftruncateSync(file); // the part appends, so it goes on at the start
      position = 0;
    }
  };

  const timer = setInterval(drain, pollMs);
  return {
    drain,
    stop() {
      clearInterval(timer);
      drain();
      if (rest) onLine(rest);
      closeSync(file);
    },
  };
}
