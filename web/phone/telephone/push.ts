/**
 * Where a sleeping phone is woken (RFC 8030): the browser's subscription, made for the key of a provider. A worker has
 * one subscription, so the first provider that offers a key wakes this phone.
 */
export async function subscribe(key: string | null): Promise<PushSubscriptionJSON | null> {
  const registration = await navigator.serviceWorker?.getRegistration();
  if (!registration || !('pushManager' in registration) || Notification.permission !== 'granted') return null;
  const known = await registration.pushManager.getSubscription();
  if (known) return known.toJSON();
  if (key === null) return null;
  try {
    const made = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    return made.toJSON();
  } catch (error) {
    // its push service is away, or it has none: then calls ring while the page is open
    if (error instanceof DOMException) return null;
    throw error;
  }
}

/** Its person has said yes or no to calls that are shown, or can't be asked. */
export const hasAnswered = (): boolean => !('Notification' in globalThis) || Notification.permission !== 'default';

/** In answer to a touch; whether calls may be shown and woken for now. */
export async function askToNotify(): Promise<boolean> {
  if (!('Notification' in globalThis)) return false;
  return (await Notification.requestPermission()) === 'granted';
}
