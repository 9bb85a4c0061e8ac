import type { Page } from 'playwright-core';
import { expect } from 'vitest';

type Scope = { registration: ServiceWorkerRegistration; NotificationEvent: new (name: string, init: object) => Event };

/** The worker has all files, and the page is its own. */
export async function controlled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller)
      await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve));
  });
}

/** A site's service worker, as a push service and a finger reach it: past its pages, which may sleep. */
export async function reachWorker(page: Page, origin: string) {
  const context = page.context();
  const session = await context.newCDPSession(page);
  const registered = new Promise<string>((resolve) => {
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const [registration] = registrations.filter(({ isDeleted }) => !isDeleted);
      if (registration) resolve(registration.registrationId);
    });
  });
  await session.send('ServiceWorker.enable');
  const registrationId = await registered;
  const worker = () => context.serviceWorkers()[0] ?? expect.fail('no worker');
  return {
    push: (data: string) => session.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data }),
    titles: () =>
      worker().evaluate(async () => {
        const { registration } = self as unknown as Scope;
        return (await registration.getNotifications()).map(({ title }) => title).sort();
      }),
    tap: (tag: string) =>
      worker().evaluate(async (wanted) => {
        const { registration, NotificationEvent: Tap } = self as unknown as Scope;
        const [notification] = await registration.getNotifications({ tag: wanted });
        self.dispatchEvent(new Tap('notificationclick', { notification }));
      }, tag),
  };
}
