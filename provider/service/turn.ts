import { createHmac } from 'node:crypto';
import type { Address } from '../../protocol/types/address.ts';

/** Relays for phones behind networks that let no UDP through: rtpengine itself knows no ICE over TCP. */
export type Turn = { secret: string; urls: readonly string[] };

/** As a browser takes it in `iceServers`. */
export type IceServer = { urls: readonly string[]; username: string; credential: string };

/** Good until then, for this user: coturn's `use-auth-secret` computes the same, and keeps no list of users. */
export function iceServer({ secret, urls }: Turn, user: Address, until: Date): IceServer {
  const username = `${Math.floor(until.getTime() / 1000)}:${user}`;
  return { urls, username, credential: createHmac('sha1', secret).update(username).digest('base64') };
}
