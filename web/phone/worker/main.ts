import { answer, forgetOlder, keepVersion } from './files.ts';
import { openCall, showCall } from './push.ts';

/** Keeps the page for times without network, and shows a call while the page is not in front. */
declare const self: ServiceWorkerGlobalScope;

self.addEventListener('install', (event) => event.waitUntil(keepVersion()));

self.addEventListener('activate', (event) => event.waitUntil(forgetOlder(self).then(() => self.clients.claim())));

self.addEventListener('fetch', (event) => {
  const answered = answer(event.request, self.registration.scope);
  if (answered) event.respondWith(answered);
});

/** A new version waits until the page says that it may take over. */
self.addEventListener('message', ({ data }) => {
  if (data === 'takeOver') void self.skipWaiting();
});

self.addEventListener('push', (event) => event.waitUntil(showCall(self, event.data?.text() ?? '')));

self.addEventListener('notificationclick', (event) => event.waitUntil(openCall(self, event.notification)));
