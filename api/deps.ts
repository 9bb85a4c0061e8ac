import type { Database } from '../database/connection.ts';
import type { Logger } from '../process/run.ts';
import type { ScriptHash } from '../protocol/types/hash.ts';
import type { Streams } from './events/streams.ts';
import type { Head } from './head.ts';
import type { Fast } from './http/fast.ts';
import type { Kept } from './kept/kept.ts';
import type { Limits } from './limits/limits.ts';
import type { NodeHeight } from './node-height.ts';
import type { Wake } from './wake.ts';

/** What the routes reach the world through. */
export type Deps = {
  db: Database;
  /** For what is asked with every call: prepared statements that are planned once, and that wait for nothing else. */
  hot: Database;
  /** For short statements by a key: whoever asks for long lists does not hold them up. */
  quick: Database;
  fast: Fast;
  /** For CDRs as they come. */
  intake: Database;
  head: Head;
  nodeHeight: NodeHeight;
  kept: Kept;
  wake: Wake;
  streams: Streams;
  limits: Limits;
  log: Logger;
  network: number;
  contract: ScriptHash;
  corsOrigin: string[];
  /** Of our own, between clients and this server. */
  proxies: number;
  /** Hosts (and ports) that clients know this API by; null: the address that it listens on. */
  authorities: readonly string[] | null;
  /** Milliseconds since 1970. */
  now: () => number;
};
