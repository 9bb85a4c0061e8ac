import { z } from 'zod';
import type { Address } from '../../protocol/types/address.ts';
import { inTransaction, type Store } from './store.ts';

/** Where sleeping phones are woken: what their browsers have subscribed to, handed over with a REGISTER. */

/** A `PushSubscription` of a browser, and the page that a tap on the notification opens. */
const subscriptionSchema = z.object({
  endpoint: z.url({ protocol: /^https?$/ }).max(2_048),
  keys: z.object({ p256dh: z.string().regex(/^[\w-]{87}=?$/), auth: z.string().regex(/^[\w-]{22}(==)?$/) }),
  navigate: z
    .url({ protocol: /^https?$/ })
    .max(1_024)
    .optional(),
});
type Given = z.output<typeof subscriptionSchema>;
/** `device`: the `+sip.instance` of the phone that has handed it over. */
export type Subscription = Given & { device: string | null };

/** Whom we post to: whatever else a phone names would make us ask machines of strangers, or our own. */
export type PushServices = {
  /** Hosts, each with all below it. */
  hosts: readonly string[];
  /** On a devnet, without TLS too. */
  allowsHttp: boolean;
};

/** Said in the 200: whether the phone can rely on being woken. */
export type Kept = 'kept' | 'removed' | 'malformed' | 'unknownService';

/** Phones of one user; the one that was handed over least lately gives way. */
const MAX_SUBSCRIPTIONS = 10;
const FORGET = 'none';

/** `text`: of `X-Krypton-Push`. A device has one subscription; `none` takes it back. */
export function keepSubscription(
  store: Store,
  services: PushServices,
  { user, device, text, now }: { user: Address; device: string | null; text: string; now: Date },
): Kept {
  const subscription = text === FORGET ? null : readSubscription(text);
  if (subscription === undefined) return 'malformed';
  if (subscription && !isKnown(services, new URL(subscription.endpoint))) return 'unknownService';
  inTransaction(store, () => {
    store.prepare('delete from subscriptions where user = ? and device = ?').run(user, device);
    if (subscription) write(store, subscription, { user, device, now });
  });
  return subscription ? 'kept' : 'removed';
}

function write(
  store: Store,
  subscription: Given,
  { user, device, now }: { user: Address; device: string | null; now: Date },
): void {
  store
    .prepare('insert or replace into subscriptions (user, endpoint, device, document, kept_at) values (?, ?, ?, ?, ?)')
    .run(user, subscription.endpoint, device, JSON.stringify(subscription), now.getTime());
  store
    .prepare(`delete from subscriptions where user = ?1 and endpoint not in (
      select endpoint from subscriptions where user = ?1 order by kept_at desc, rowid desc limit ?2)`)
    .run(user, MAX_SUBSCRIPTIONS);
}

/** A port that is named has to be listed: another one may be anybody's. */
function isKnown({ hosts, allowsHttp }: PushServices, { protocol, host, username }: URL): boolean {
  if ((protocol !== 'https:' && !allowsHttp) || username !== '') return false;
  return hosts.some((known) => host === known || host.endsWith(`.${known}`));
}

export function subscriptionsOf(store: Store, user: Address): Subscription[] {
  const rows = store.prepare('select document, device from subscriptions where user = ?').all(user);
  return rows.map(({ document, device }) => {
    return { ...subscriptionSchema.parse(JSON.parse(String(document))), device: device as string | null };
  });
}

/** The push service says that it is no more. */
export function forgetEndpoint(store: Store, endpoint: string): void {
  store.prepare('delete from subscriptions where endpoint = ?').run(endpoint);
}

function readSubscription(text: string): Given | undefined {
  try {
    return subscriptionSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // not JSON: none
  }
}
