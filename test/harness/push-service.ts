import {
  createDecipheriv,
  createECDH,
  createPublicKey,
  hkdfSync,
  type JsonWebKey,
  randomBytes,
  verify,
} from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

/** A push service with its browsers: what arrives is checked as they would, and decrypted (RFC 8030, 8188, 8291, 8292). */
export type PushService = {
  /** As the kit's list of push services names it. */
  host: string;
  /** A browser that is subscribed, as `PushSubscription.toJSON()` has it. */
  subscribe(navigate?: string): Browser;
  stop(): void;
};

export type Browser = {
  /** Of `X-Krypton-Push`. */
  subscription: string;
  /** What it got, in order. */
  pushes: Push[];
  /** The service answers so from now on. */
  answer: number;
};

export type Push = { payload: unknown; ttl: number; urgency: string; vapid: { key: string; subject: string } };

const claimsSchema = z.object({ aud: z.string(), exp: z.number(), sub: z.string() });

export async function startPushService(): Promise<PushService> {
  const browsers = new Map<string, Browser & { read: (body: Buffer) => string }>();
  const server = createServer(async (request, response) => {
    const browser = browsers.get(request.url ?? '');
    if (browser === undefined) return response.writeHead(404).end();
    if (browser.answer < 300) browser.pushes.push(pushOf(request, browser.read(await bodyOf(request)), origin));
    return response.writeHead(browser.answer).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const origin = `http://${host}`;
  return {
    host,
    subscribe: (navigate) => {
      const path = `/wpush/${randomBytes(9).toString('base64url')}`;
      const { keys, read } = createReceiver();
      const subscription = JSON.stringify({ endpoint: origin + path, expirationTime: null, keys, navigate });
      const browser = { subscription, pushes: [], answer: 201, read };
      browsers.set(path, browser);
      return browser;
    },
    stop: () => server.close(),
  };
}

/** Throws where VAPID does not hold: a push service refuses it. */
function pushOf({ headers }: IncomingMessage, text: string, origin: string): Push {
  const { authorization = '', ttl, urgency } = headers;
  const [, token = '', key = ''] = /^vapid t=([\w.-]+), ?k=([\w-]+)$/.exec(authorization) ?? [];
  const [head = '', claims = '', signature = ''] = token.split('.');
  const point = Buffer.from(key, 'base64url');
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((each) => each.toString('base64url'));
  const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x, y } as JsonWebKey });
  const signed = Buffer.from(`${head}.${claims}`);
  const isSigned = verify('sha256', signed, { key: publicKey, dsaEncoding: 'ieee-p1363' }, decode(signature));
  const { aud, exp, sub } = claimsSchema.parse(JSON.parse(decode(claims).toString()));
  const now = Date.now() / 1000;
  if (!isSigned || aud !== origin || exp < now || exp > now + 86_400) throw new Error(`no VAPID: ${authorization}`);
  return { payload: JSON.parse(text), ttl: Number(ttl), urgency: String(urgency), vapid: { key, subject: sub } };
}

function createReceiver() {
  const own = createECDH('prime256v1');
  const [point, auth] = [own.generateKeys(), randomBytes(16)];
  const read = (body: Buffer): string => {
    // salt 16, record size 4, length of the sender's key 1, the key, one record
    const [salt, length] = [body.subarray(0, 16), body.readUInt8(20)];
    const [sender, record] = [body.subarray(21, 21 + length), body.subarray(21 + length)];
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), point, sender]);
    const secret = derive(own.computeSecret(sender), auth, info, 32);
    const key = derive(secret, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
    const nonce = derive(secret, salt, Buffer.from('Content-Encoding: nonce\0'), 12);
    const decipher = createDecipheriv('aes-128-gcm', key, nonce).setAuthTag(record.subarray(-16));
    const padded = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()]);
    return padded.subarray(0, padded.lastIndexOf(2)).toString();
  };
  return { keys: { p256dh: point.toString('base64url'), auth: auth.toString('base64url') }, read };
}

const derive = (secret: Buffer, salt: Buffer, info: Buffer, length: number): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, salt, info, length));

const decode = (text: string): Buffer => Buffer.from(text, 'base64url');

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
