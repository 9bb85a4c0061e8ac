import { computed, effect, signal } from '@preact/signals';
import type { Address } from '../../../protocol/types/address.ts';
import { t } from '../../ui/strings/strings.ts';
import { toast } from '../../ui/toast.tsx';
import { address } from '../../wallet/account.ts';
import { inCall } from '../busy.ts';
import type { CallState } from '../call/call-state.ts';
import { costOf, secondsLeft, WARN_SECONDS } from '../call/meter.ts';
import { openContacts, shown } from '../contacts/contacts.ts';
import { noteBill, openHistory, remember } from '../history/history.ts';
import { openMessages, receiveMessage } from '../messages/messages.ts';
import { settings } from '../settings.ts';
import { type PurseFace, purse, signer } from './faces.ts';
import { watchReload } from './kept-calls.ts';
import type { CallView, LiveCall } from './live-call.ts';
import { createMicrophone } from './microphone.ts';
import { createPresence } from './presence.ts';
import { askToNotify, subscribe } from './push.ts';
import { createBell, type Tone } from './ring.ts';
import { openRules } from './rule-choice.ts';
import { chooseSound, soundChoice } from './sound-choice.ts';
import { openStore } from './store.ts';
import { createTelephone, type Telephone } from './telephone.ts';
import { instanceId, openVault } from './vault.ts';

/** The one telephone of this page, and all that follows its calls: bell, title, notification, history, the clock. */

export const phone = signal<Telephone | null>(null);
/** Another tab has it. */
export const isElsewhere = signal(false);
export const bell = createBell();
export const mayRing = signal(false);
/** Once a second: what counts time is drawn anew. */
export const clock = signal(Date.now());

export const liveCalls = computed(() => phone.value?.calls.value ?? []);
const shownCalls = computed(() => liveCalls.value.map(({ view }) => view.value));

/** A clock that jumped so far has slept, and so has the network. */
const JUMP_MS = 5_000;
/** What became of a call is shown for so long. */
const SHOWN_MS = 4_000;

/** Whoever opens the page last has the telephone: a call rings in one place. */
export async function startPhone(): Promise<void> {
  const store = await openStore();
  await Promise.all([openContacts(store), openHistory(store), openMessages(store), openRules(store)]);
  navigator.serviceWorker?.addEventListener('message', () => phone.value?.doubt('visible'));
  await new Promise<void>((resolve) => {
    void navigator.locks.request('krypton-phone', { ifAvailable: true }, async (lock) => {
      isElsewhere.value = lock === null;
      resolve();
      if (lock) return new Promise(() => {}); // until the page ends
      return null;
    });
  });
  if (isElsewhere.value) return;
  const vault = await openVault(store);
  const id = await instanceId(store);
  effect(() => {
    const [face, user] = [purse.value, address.value];
    if (face === null || user === null || phone.peek() !== null) return;
    const { network, contract } = settings();
    const needs = {
      ...face,
      network,
      contract,
      user,
      sign: (terms: Parameters<typeof signer.value>[0]) => signer.value(terms),
    };
    phone.value = createTelephone({
      needs,
      store,
      vault,
      instanceId: id,
      microphone,
      now: Date.now,
      push: subscribe,
      onMessage: (provider, message) => void receiveMessage(provider, message),
      onChange: onChange,
      onBlocked: () => toast(t.value.telephone.blocked),
    });
    followPage(phone.value, face);
  });
}

const microphone = createMicrophone(
  {
    onSystemMute: (on) => {
      if (on) bell.play('beep', 2);
      for (const call of liveCalls.value) call.happen({ kind: 'systemMute', on });
    },
    onLost: () => void phone.value?.changeMicrophone(),
  },
  () => soundChoice.value.microphone,
);
export const theMicrophone = microphone;

function followPage(made: Telephone, face: PurseFace): void {
  effect(() => {
    const wanted = face.providers.value;
    for (const provider of wanted) void made.open(provider).catch((error) => toast(String(error.message), 'error'));
    for (const { provider } of made.lines.peek()) if (!wanted.includes(provider)) made.close(provider);
  });
  addEventListener('online', () => made.doubt('online'));
  addEventListener('pageshow', () => made.doubt('visible'));
  document.addEventListener('resume', () => made.doubt('visible'));
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && made.doubt('visible'));
  const comesBack = watchReload();
  addEventListener('pagehide', () => made.leave(comesBack()));
  navigator.mediaDevices?.addEventListener('devicechange', () => void followDevices());
  // not as the finger comes down: what is said about the bell goes away, and the touch would miss its button
  addEventListener('click', () => void unlockBell(), { once: true });
  addEventListener('keydown', () => void unlockBell(), { once: true });
  let last = Date.now();
  setInterval(() => {
    const now = Date.now();
    if (now - last > JUMP_MS) made.doubt('clock');
    last = now;
    clock.value = now;
    made.tick();
    warn(made);
  }, 1_000);
  effect(() => {
    made.calls.value; // each call has a speaker of its own
    for (const speaker of made.speakers()) {
      speaker.volume(soundChoice.value.volume);
      void speaker.use(soundChoice.value.speaker).catch(() => chooseSound({ speaker: null }));
    }
  });
}

export async function unlockBell(): Promise<void> {
  mayRing.value = await bell.unlock();
}

/** The person wants it to ring: also where the page is not in front, and where it sleeps. */
export async function letItRing(): Promise<void> {
  await unlockBell();
  if (await askToNotify()) for (const line of phone.value?.lines.value ?? []) void line.handOverPush();
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

const presence = createPresence();
let silence: (() => void) | null = null;

/** What is heard follows what the calls are in. */
function toneFor(calls: readonly CallView[]): Tone | null {
  const rings = calls.some(({ state, direction }) => state.kind === 'ringing' && direction === 'incoming');
  const talks = calls.some(({ state }) => state.kind === 'talking');
  if (rings) return talks ? 'waiting' : 'ringing';
  const isRinging = ({ state, direction, hasEarlySound }: CallView) =>
    state.kind === 'ringing' && direction === 'outgoing' && !hasEarlySound;
  return calls.some(isRinging) ? 'ringback' : null;
}

let tone: Tone | null = null;

function onChange(call: LiveCall, before: CallState | null): void {
  const view = call.view.value;
  const { state, id, remote, direction } = view;
  const calls = [...(phone.value?.calls.peek() ?? []).map((each) => each.view.peek())];
  inCall.value = calls.some((each) => each.state.kind !== 'over');
  const wanted = toneFor(calls);
  if (wanted !== tone) {
    silence?.();
    silence = wanted === null ? null : bell.play(wanted);
    tone = wanted;
  }
  const who = shown(remote.user);
  if (before === null && direction === 'incoming')
    presence.incoming(who, { title: t.value.telephone.incoming, body: t.value.telephone.incomingFrom(who) });
  if (direction === 'incoming' && before?.kind === 'ringing' && state.kind !== 'ringing') presence.noLongerIncoming();
  if (state.kind === 'talking' && before?.kind !== 'talking')
    presence.talking(who, {
      hangUp: () => void phone.value?.hangUp(id),
      mute: () => call.mute(!(view.state.kind === 'talking' && view.state.mutedByUs)),
    });
  if (state.kind === 'over') onOver(view);
}

function onOver(view: CallView): void {
  const { id, provider, state, price, escrowId } = view;
  if (liveCalls.peek().every((each) => each.view.peek().state.kind === 'over')) presence.noLongerTalking();
  if (state.kind !== 'over') return;
  const { answeredAt, endedAt, outcome } = state;
  if (outcome.kind === 'busy') bell.play('busy', 3);
  const terms = price?.kind === 'priced' && answeredAt !== null ? price.terms : null;
  const cost = terms && costOf({ terms, answeredAt: answeredAt ?? endedAt, until: endedAt }, endedAt);
  void remember(view, cost).then(async () => {
    if (terms === null || answeredAt === null || escrowId === null || phone.value === null) return;
    const settled = await phone.value.money.settle({ provider, callId: id, escrowId, terms, answeredAt, endedAt });
    if (settled) await noteBill(id, { price: String(settled.price), verdict: settled.verdict.kind });
  });
  setTimeout(() => phone.value?.forget(id), SHOWN_MS);
}

const warned = new Set<string>();

/** Before the money ends: a beep, once for each call. */
function warn(made: Telephone): void {
  for (const { id, state } of shownCalls.peek()) {
    const left = state.kind === 'talking' ? leftOf(made, id) : null;
    if (left !== null && left <= WARN_SECONDS && !warned.has(id)) {
      warned.add(id);
      bell.play('beep', 3);
    }
    if (left !== null && left > WARN_SECONDS) warned.delete(id);
  }
}

/** Seconds that the money of a call reaches for. Null: it costs nothing, or needs no voucher. */
export function leftOf(made: Telephone, id: string): number | null {
  const view = shownCalls.peek().find((each) => each.id === id);
  const payer = view?.escrowId == null ? null : made.money.payer(view.escrowId);
  const talk = payer?.talk(id);
  return payer && talk ? secondsLeft(payer.reserve(), talk, payer.others(id), Date.now()) : null;
}

/** Who a call goes to when a provider is not named: the caller asks `order` of call/rules.ts. */
export const lineOf = (provider: Address) => phone.value?.lines.value.find((line) => line.provider === provider);
