import type { HttpBindings } from '@hono/node-server';

/** What a request brings along: Node's own objects (absent without a socket), and its body, read to the end. */
export type Env = { Bindings: Partial<HttpBindings>; Variables: { body: Uint8Array } };
