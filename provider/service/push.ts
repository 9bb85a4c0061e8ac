import { createECDH } from 'node:crypto';
import webPush from 'web-push';
import type { PushServices, Subscription } from './subscriptions.ts';

/** Web Push (RFC 8030), signed by VAPID (RFC 8292), encrypted for the phone (RFC 8291). */
export type Push = PushServices & {
  secret: string;
  /** What browsers subscribe with, base64url. */
  publicKey: string;
  /** Whom a push service may ask, a `mailto:` or `https:` URL. */
  contact: string;
};

export type WaitingCall = { callId: string; from: string };

const TIMEOUT_MS = 10_000;

/** Throws where the secret is no key of the curve. */
export function createPush(given: Omit<Push, 'publicKey'>): Push {
  const key = createECDH('prime256v1');
  key.setPrivateKey(Buffer.from(given.secret, 'base64url'));
  return { ...given, publicKey: key.getPublicKey('base64url') };
}

/** Good for so many seconds. Answers the status of the push service. */
export async function sendPush(
  { contact, publicKey, secret }: Push,
  { endpoint, keys, navigate }: Subscription,
  call: WaitingCall,
  seconds: number,
): Promise<number> {
  const { headers, body } = webPush.generateRequestDetails({ endpoint, keys }, payloadOf(call, navigate), {
    vapidDetails: { subject: contact, publicKey, privateKey: secret },
    TTL: seconds,
    urgency: 'high',
    contentEncoding: 'aes128gcm',
  });
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
    body: new Uint8Array(body),
    redirect: 'error', // it would lead away from the services that are known
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  await response.body?.cancel();
  return response.status;
}

/** Declarative Web Push, for a browser in which no worker runs; a worker reads the rest. */
function payloadOf({ callId, from }: WaitingCall, navigate: string | undefined): string {
  const notification = { title: 'Incoming call', body: from, navigate, tag: callId };
  const declared = navigate === undefined ? {} : { web_push: 8030, notification };
  return JSON.stringify({ ...declared, krypton: { kind: 'call', callId, from } });
}
