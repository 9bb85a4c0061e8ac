import { installPackage, onPath } from '../../stack/apt.ts';
import { inOneLine, Trouble } from '../../stack/trouble.ts';

/** Debian's name first; then what others call it. */
const names = ['chromium', 'chromium-browser', 'google-chrome'];

const find = (): string | undefined => names.map(onPath).find((path) => path !== undefined);

/** The machine's Chromium, installed where it is missing and we may. @throws Trouble saying what to do */
export async function findChromium(say: (message: string) => void): Promise<string> {
  const found = find();
  if (found) return found;
  say('no Chromium here: apt-get install chromium (takes a minute or two)');
  await installPackage('chromium').catch((error) => {
    throw new Trouble(`the browser tests need Chromium: install the package chromium (${inOneLine(error)})`);
  });
  const installed = find();
  if (!installed) throw new Trouble('the package chromium brought no program of that name');
  return installed;
}

/** Without a screen, as root, and without a word to anybody outside. */
export const chromiumFlags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A browser whose microphone beeps, whose calls may go over the loopback, and which needs no touch to be heard. */
export const callFlags = [
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  '--allow-loopback-in-peer-connection',
];
