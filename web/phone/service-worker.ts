import { signal } from '@preact/signals';
import { scriptUrl } from '../ui/trusted.ts';

/** A version that is here as a whole and waits to be used. */
export const waitingVersion = signal<ServiceWorker | null>(null);

/** A page that is open for days asks now and then; a browser asks by itself at each load. */
const LOOK_EVERY_MS = 60 * 60_000;

/** What keeps the page for times without network, and wakes it for calls. Without it the page works all the same. */
export async function startServiceWorker(): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  try {
    const registration = await navigator.serviceWorker.register(scriptUrl('./service-worker.js'));
    const offer = () => {
      // The very first one takes the page over without a question: there is nothing older.
      if (registration.waiting && navigator.serviceWorker.controller) waitingVersion.value = registration.waiting;
    };
    offer();
    registration.addEventListener('updatefound', () => {
      registration.installing?.addEventListener('statechange', offer);
    });
    setInterval(() => void registration.update().catch(() => undefined), LOOK_EVERY_MS);
  } catch (error) {
    console.info('no service worker:', error); // private windows of some browsers
  }
}

/** The person wants it: it takes over, and the page is loaded anew. Other pages stay as they are until their person does. */
export function takeNewVersion(waiting: ServiceWorker): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  waiting.postMessage('takeOver');
}
