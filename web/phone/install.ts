import { signal } from '@preact/signals';

/** Chromium's offer to install the page, kept until the person wants it. Not in TypeScript's types of the DOM. */
type InstallOffer = Event & { prompt(): Promise<unknown> };

export const installOffer = signal<InstallOffer | null>(null);

export function watchInstallOffer(): void {
  addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    installOffer.value = event as InstallOffer;
  });
  addEventListener('appinstalled', () => {
    installOffer.value = null;
  });
}

const isInstalled = (): boolean =>
  matchMedia('(display-mode: standalone)').matches || ('standalone' in navigator && navigator.standalone === true);

/** iOS and iPadOS, which calls itself a Macintosh but has a touch screen. */
const isIos = (): boolean =>
  /iPhone|iPad|iPod/.test(navigator.userAgent) ||
  (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1);

/** On iOS an app on the home screen has a storage of its own, and only it gets pushes: a key is to be made there. */
export const mustInstallFirst = (): boolean => isIos() && !isInstalled();
