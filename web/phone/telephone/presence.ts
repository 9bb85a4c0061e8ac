/** How a call shows itself outside of the page: title, notification, vibration, lock screen, and a screen that stays on. */
export type Presence = {
  incoming(who: string, actions: { title: string; body: string }): void;
  noLongerIncoming(): void;
  talking(who: string, actions: { hangUp(): void; mute(): void }): void;
  noLongerTalking(): void;
};

const VIBRATION_MS = [500, 500, 500, 1_500];
const BLINK_MS = 1_000;
const TAG = 'krypton-call';

export function createPresence(): Presence {
  const title = document.title;
  let blinking: ReturnType<typeof setInterval> | undefined;
  let vibrating: ReturnType<typeof setInterval> | undefined;
  let shown: Notification | null = null;
  let lock: WakeLockSentinel | null = null;
  let isTalking = false;

  /** The system takes the lock away with the page's place in front. */
  async function keepAwake(): Promise<void> {
    if (!isTalking || document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return;
    const given = await navigator.wakeLock.request('screen').catch(() => null); // the battery is low: the system says no
    // one is enough, and none where the call is over by now
    if (isTalking && (lock === null || lock.released)) lock = given;
    else await given?.release();
  }
  document.addEventListener('visibilitychange', () => void keepAwake());

  async function notify(text: { title: string; body: string }): Promise<void> {
    if (!('Notification' in globalThis) || Notification.permission !== 'granted') return;
    const options = { body: text.body, tag: TAG, requireInteraction: true };
    const worker = await navigator.serviceWorker?.getRegistration();
    if (worker) await worker.showNotification(text.title, options);
    else shown = new Notification(text.title, options); // Android has none without a worker
  }

  async function takeBack(): Promise<void> {
    shown?.close();
    shown = null;
    const worker = await navigator.serviceWorker?.getRegistration();
    for (const each of (await worker?.getNotifications({ tag: TAG })) ?? []) each.close();
  }

  return {
    incoming: (who, text) => {
      let isOn = false;
      clearInterval(blinking);
      blinking = setInterval(() => {
        isOn = !isOn;
        document.title = isOn ? who : title;
      }, BLINK_MS);
      const vibrate = () => navigator.vibrate?.(VIBRATION_MS);
      vibrate();
      clearInterval(vibrating);
      vibrating = setInterval(
        vibrate,
        VIBRATION_MS.reduce((sum, ms) => sum + ms, 0),
      );
      void notify(text);
    },
    noLongerIncoming: () => {
      clearInterval(blinking);
      clearInterval(vibrating);
      navigator.vibrate?.(0);
      document.title = title;
      void takeBack();
    },
    talking: (who, { hangUp, mute }) => {
      isTalking = true;
      void keepAwake();
      if (!('mediaSession' in navigator)) return;
      navigator.mediaSession.metadata = new MediaMetadata({ title: who });
      navigator.mediaSession.playbackState = 'playing';
      setHandler('hangup', hangUp);
      setHandler('togglemicrophone', mute);
    },
    noLongerTalking: () => {
      isTalking = false;
      void lock?.release();
      lock = null;
      if (!('mediaSession' in navigator)) return;
      navigator.mediaSession.metadata = null;
      navigator.mediaSession.playbackState = 'none';
      setHandler('hangup', null);
      setHandler('togglemicrophone', null);
    },
  };
}

/** Not every browser knows every key of a headset. */
function setHandler(action: string, handler: (() => void) | null): void {
  try {
    navigator.mediaSession.setActionHandler(action as MediaSessionAction, handler);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}
