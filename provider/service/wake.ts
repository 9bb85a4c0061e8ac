import { describe } from '../../process/run.ts';
import type { Address } from '../../protocol/types/address.ts';
import { findCall } from './calls.ts';
import type { Deps } from './deps.ts';
import { KamailioUnavailable } from './kamailio.ts';
import { type Push, sendPush, type WaitingCall } from './push.ts';
import { forgetEndpoint, type Subscription, subscriptionsOf } from './subscriptions.ts';

/** Kamailio waits so long for a phone (ring.cfg): a push that comes later would ring for nobody. */
const WAIT_S = 20;

type WakeDeps = Pick<Deps, 'store' | 'push' | 'kamailio' | 'metrics' | 'log' | 'now'>;

export type Waiting = {
  callId: string;
  user: Address;
  at: Date;
  /** Those that are registered have not answered: their connections hang. */
  wakesAll: boolean;
};

/** Whether phones of this user can be woken. */
export const canWake = ({ store, push }: Pick<Deps, 'store' | 'push'>, user: Address): boolean =>
  push !== null && subscriptionsOf(store, user).length > 0;

/** Answers once the push services have: the phones that a call waits for, or that shall ring beside those awake. */
export async function wake(deps: WakeDeps, { callId, user, at, wakesAll }: Waiting): Promise<void> {
  const { store, push, now } = deps;
  const call = findCall(store, callId);
  const seconds = WAIT_S - Math.floor((now().getTime() - at.getTime()) / 1000);
  if (push === null || call?.state !== 'ringing' || seconds <= 0) return;
  const awake = wakesAll ? [] : await awakeDevices(deps, user);
  const asleep = subscriptionsOf(store, user).filter(({ device }) => device === null || !awake.includes(device));
  await Promise.all(asleep.map((each) => send(deps, push, each, { callId, from: call.from }, seconds)));
}

async function awakeDevices({ kamailio }: WakeDeps, user: Address): Promise<string[]> {
  try {
    return await kamailio.devicesOf(user);
  } catch (error) {
    if (error instanceof KamailioUnavailable) return []; // one push too many harms less than one too few
    throw error;
  }
}

async function send(
  { store, metrics, log }: WakeDeps,
  push: Push,
  subscription: Subscription,
  call: WaitingCall,
  seconds: number,
): Promise<void> {
  const { endpoint } = subscription;
  try {
    const status = await sendPush(push, subscription, call, seconds);
    if (status === 404 || status === 410) forgetEndpoint(store, endpoint);
    metrics.count('pushes', status < 300 ? 'sent' : String(status));
  } catch (error) {
    metrics.count('pushes', 'failed');
    log.warn(`no push by ${new URL(endpoint).host}: ${describe(error)}`);
  }
}
