import { notification as english } from '../../ui/strings/en/notification.ts';
import { notification as dutch } from '../../ui/strings/nl/notification.ts';
import { type CallPush, pathOf, readPush } from './read-push.ts';

/** Browsers ask that each push shows something: what can't be read shows that somebody called. */
export async function showCall(self: ServiceWorkerGlobalScope, text: string): Promise<void> {
  const call = readPush(text);
  const words = self.navigator.language.startsWith('nl') ? dutch : english;
  await self.registration.showNotification(words.callFrom(call?.from ?? words.somebody), {
    body: words.tapToAnswer,
    tag: call?.callId ?? 'call',
    icon: 'icons/icon-192.png',
    requireInteraction: true,
    data: call,
  });
}

/** A page that is open comes to the front and is told; else one is opened. */
export async function openCall(self: ServiceWorkerGlobalScope, notification: Notification): Promise<void> {
  notification.close();
  const call: CallPush | null = notification.data;
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const page = pages.find(({ url }) => isPhone(self, url));
  if (!page) {
    await self.clients.openWindow(call ? pathOf(call) : './');
    return;
  }
  if (call) page.postMessage({ krypton: call });
  await page.focus();
}

/** The site has other pages, as for rescue, which answer no calls. */
function isPhone({ registration: { scope } }: ServiceWorkerGlobalScope, url: string): boolean {
  return [scope, `${scope}index.html`].includes(url.replace(/[?#].*$/, ''));
}
