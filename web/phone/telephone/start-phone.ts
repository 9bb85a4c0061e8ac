import { computed, effect } from '@preact/signals';
import type { Address } from '../../../protocol/types/address.ts';
import { t } from '../../ui/strings/strings.ts';
import { toast } from '../../ui/toast.tsx';
import { address } from '../../wallet/account.ts';
import { openContacts } from '../contacts/contacts.ts';
import { openHistory } from '../history/history.ts';
import { openMessages, receiveMessage } from '../messages/messages.ts';
import { settings } from '../settings.ts';
import { type PurseFace, purse } from './faces.ts';
import { followCall, followLeft, followMoney, followWaiting } from './follow-calls.ts';
import { watchReload } from './kept-calls.ts';
import type { Needs } from './needs.ts';
import { clock, hasSaid, isElsewhere, microphone, phone, unlockBell } from './phone.ts';
import { askToNotify, hasAnswered, subscribe } from './push.ts';
import { openRules } from './rule-choice.ts';
import { chooseSound, soundChoice } from './sound-choice.ts';
import { openStore } from './store.ts';
import { createTelephone, type Telephone } from './telephone.ts';
import { instanceId, openVault } from './vault.ts';

/** A clock that jumped so far has slept, and so has the network. */
const JUMP_MS = 5_000;

/** One page has the telephone: a call rings in one place. */
export async function startPhone(): Promise<void> {
  const store = await openStore();
  await Promise.all([openContacts(store), openHistory(store), openMessages(store), openRules(store)]);
  isElsewhere.value = !(await takeLock());
  if (isElsewhere.value) return;
  const vault = await openVault(store);
  const id = await instanceId(store);
  followPage();
  const isOpen = computed(() => purse.value !== null);
  effect(() => {
    const user = address.value;
    if (!isOpen.value || user === null) return;
    const made = createTelephone({
      needs: needsOf(user),
      store,
      vault,
      instanceId: id,
      microphone,
      now: Date.now,
      push: subscribe,
      onMessage: (provider, message) => void receiveMessage(provider, message),
      onChange: followCall,
      onLeft: (past, settled) => void followLeft(past, settled),
      onBlocked: () => toast(t.value.telephone.blocked),
    });
    phone.value = made;
    void followWaiting(made);
    const end = followProviders(made);
    return () => {
      end();
      made.leave(false);
      for (const { provider } of made.lines.peek()) made.close(provider);
      phone.value = null;
    };
  });
}

/** A page that was just left may hold it for a moment longer. */
const LOCK_TRIES = 10;
const LOCK_WAIT_MS = 200;

async function takeLock(): Promise<boolean> {
  for (let tries = 1; tries <= LOCK_TRIES; tries += 1) {
    if (await tryLock()) return true;
    await new Promise((resolve) => setTimeout(resolve, LOCK_WAIT_MS));
  }
  return false;
}

/** Held until the page ends. */
const tryLock = (): Promise<boolean> =>
  new Promise((resolve) => {
    void navigator.locks.request('krypton-phone', { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock && new Promise(() => {});
    });
  });

/** The purse may be opened anew meanwhile, as by another node: the one that there is then is asked. */
function needsOf(user: Address): Needs {
  const face = (): PurseFace => {
    const open = purse.peek();
    if (open === null) throw new Error('the purse is not open');
    return open;
  };
  const { network, contract } = settings();
  return {
    network,
    contract,
    user,
    placeOf: (provider) => face().placeOf(provider),
    isOnChain: (provider) => face().isOnChain(provider),
    sign: (terms) => face().sign(terms),
    priceOf: (provider, destination) => face().priceOf(provider, destination),
    reserveOf: (provider) => face().reserveOf(provider),
    askToReserve: (provider, terms) => face().askToReserve(provider, terms),
    askToExtend: (escrowId) => face().askToExtend(escrowId),
    handIn: (escrowId, signed) => face().handIn(escrowId, signed),
    recordOf: async (provider, callId) => face().recordOf(provider, callId),
  };
}

function followProviders(made: Telephone): () => void {
  const told = new Set<Address>();
  const tell = (provider: Address, error: unknown) => {
    if (!told.has(provider)) toast(error instanceof Error ? error.message : String(error), 'error');
    told.add(provider); // it is tried again with each look at the chain
  };
  return effect(() => {
    const wanted = purse.value?.providers.value ?? [];
    for (const provider of wanted) void made.open(provider).catch((error) => tell(provider, error));
    for (const { provider } of made.lines.peek()) if (!wanted.includes(provider)) made.close(provider);
  });
}

/** What happens to the page: whatever makes doubtful that the network is still the same one. */
function followPage(): void {
  const doubt = (why: 'online' | 'visible' | 'clock' | 'called') => phone.peek()?.doubt(why);
  addEventListener('online', () => doubt('online'));
  addEventListener('pageshow', () => doubt('visible'));
  document.addEventListener('resume', () => doubt('visible'));
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && doubt('visible'));
  // of a push that has woken the worker
  navigator.serviceWorker?.addEventListener('message', () => doubt('called'));
  const comesBack = watchReload();
  addEventListener('pagehide', () => phone.peek()?.leave(comesBack()));
  navigator.mediaDevices?.addEventListener('devicechange', () => void followDevices());
  // not as the finger comes down: what is said about the bell goes away, and the touch would miss its button
  addEventListener('click', () => void unlockBell(), { once: true });
  addEventListener('keydown', () => void unlockBell(), { once: true });
  let last = Date.now();
  setInterval(() => {
    const now = Date.now();
    if (now - last > JUMP_MS) doubt('clock');
    last = now;
    clock.value = now;
    const made = phone.peek();
    made?.tick();
    if (made) followMoney(made, now);
  }, 1_000);
  effect(() => {
    phone.value?.calls.value; // each call has a speaker of its own
    for (const speaker of phone.value?.speakers() ?? []) {
      speaker.volume(soundChoice.value.volume);
      void speaker.use(soundChoice.value.speaker).catch(() => chooseSound({ speaker: null }));
    }
  });
}

/** The person wants it to ring: also where the page is not in front, and where it sleeps. */
export async function letItRing(): Promise<void> {
  await unlockBell();
  const mayNotify = await askToNotify();
  hasSaid.value = hasAnswered();
  if (mayNotify) for (const line of phone.value?.lines.value ?? []) void line.handOverPush();
}

/** A headset that was pulled out: what was chosen is no longer there, and the system's own takes over. */
async function followDevices(): Promise<void> {
  const all = await navigator.mediaDevices.enumerateDevices();
  const { microphone: mic, speaker } = soundChoice.value;
  const isThere = (id: string | null) => id === null || all.some(({ deviceId }) => deviceId === id);
  if (!isThere(speaker)) chooseSound({ speaker: null });
  if (!isThere(mic)) chooseSound({ microphone: null });
  await phone.value?.changeMicrophone();
}
