import type { Context } from 'hono';
import type { Env } from './env.ts';

/** A request's header, of Node's own: `c.req.header` makes an object of all of them first. */
export function requestHeader(c: Context<Env>, name: Lowercase<string>): string | undefined {
  const { incoming } = c.env ?? {};
  if (!incoming) return c.req.header(name);
  const value = incoming.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** A header of whatever answer comes, on Node's own: one that Hono knows of makes it copy the answer. */
export function setHeader(c: Context<Env>, name: string, value: string): void {
  const { outgoing } = c.env ?? {};
  if (outgoing) outgoing.setHeader(name, value);
  else c.header(name, value);
}
