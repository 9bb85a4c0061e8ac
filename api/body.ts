import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { Refusal } from './problem.ts';

/** 1000 CDRs of 2 KiB: one with all fields at their longest is 1.3 KB of ASCII, a usual one 0.5 KB. */
export const MAX_BODY_BYTES = 2 * 1024 * 1024;

export const limitBody = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: () => {
    throw new Refusal('tooLarge', `a body holds at most ${MAX_BODY_BYTES} bytes`);
  },
});

/** The bytes of a JSON body, as they were signed. @throws Refusal where they claim to be something else */
export async function readBody(c: Context): Promise<Uint8Array> {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw new Refusal('unsupportedMediaType', 'expected Content-Type: application/json');
  const encoding = c.req.header('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity') throw new Refusal('unsupportedMediaType', 'a compressed body is not read here');
  return new Uint8Array(await c.req.arrayBuffer());
}

/** @throws Refusal */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new Refusal('invalidJson', `the body is not JSON in UTF-8: ${(error as Error).message}`);
  }
}
