import { type ReadonlySignal, signal } from '@preact/signals';
import type { Address } from '../../../protocol/types/address.ts';
import { begin, type CallEvent, type CallState, type Direction, goOn, isHeldByUs, next } from '../call/call-state.ts';
import {
  type Complaint,
  complaintOf,
  type Quality,
  qualityBetween,
  type Sample,
  type Seen,
  type Silence,
  see,
  silenceOf,
} from '../call/quality.ts';
import type { Price } from './needs.ts';
import type { KeptDialog, SipCall } from './sip.ts';
import type { Speaker } from './speaker.ts';
import { readSample } from './stats.ts';

/** What a page shows of a call. */
export type CallView = {
  id: string;
  provider: Address;
  direction: Direction;
  remote: { user: string; name: string };
  startedAt: number;
  state: CallState;
  quality: Quality | null;
  complaint: Complaint | null;
  silence: Silence;
  /** Null: it costs nothing. */
  price: Price | null;
  escrowId: bigint | null;
  /** Their side sends sound before it answers: an announcement, or its own ringing. */
  hasEarlySound: boolean;
};

export type LiveCallDeps = {
  provider: Address;
  direction: Direction;
  sip: SipCall;
  speaker: Speaker;
  now(): number;
  /** A doubt about the line, from the sound. */
  onDoubt(why: 'ice' | 'silence' | 'unanswered'): void;
  onChange(before: CallState, after: CallState): void;
  /** Of a call that was taken over: when it began, and since when its line is down. */
  kept?: { startedAt: number; answeredAt: number; downSince: number };
};

export type LiveCall = {
  view: ReadonlySignal<CallView>;
  readonly sip: SipCall;
  /** The same call by another line: it broke before they talked. */
  goOnBy(sip: SipCall): void;
  happen(event: CallEvent): void;
  /** What it costs, and out of which escrow. */
  pays(price: Price, escrowId: bigint | null): void;
  /** Hold and resume; what comes of it is in the view. */
  hold(on: boolean): Promise<boolean>;
  mute(on: boolean): void;
  replaceTrack(track: MediaStreamTrack): void;
  dismiss(): void;
  /** Reads what WebRTC has counted; once a second. */
  sample(): Promise<void>;
  isSilent(): boolean;
  hasSoundSince(at: number): boolean;
  offer(iceServers: readonly RTCIceServer[]): ReturnType<SipCall['offer']>;
  keep(): KeptDialog | null;
};

/** Somebody calls, and they do not talk yet. */
export const isComing = ({ view }: LiveCall): boolean => {
  const { direction, state } = view.value;
  return direction === 'incoming' && (state.kind === 'ringing' || state.kind === 'answering');
};

/** A page that has not looked for so long has slept: it knows nothing of the time between. */
const SLEPT_MS = 2_500;

/** Qualities that are kept: what the sentence is made of. */
const KEPT_QUALITIES = 10;

export function createLiveCall(deps: LiveCallDeps): LiveCall {
  const { direction, speaker, now } = deps;
  let { sip } = deps;
  const startedAt = deps.kept?.startedAt ?? now();
  const view = signal<CallView>({
    id: sip.id,
    provider: deps.provider,
    direction,
    remote: sip.remote,
    startedAt,
    state: deps.kept ? goOn(deps.kept.answeredAt, deps.kept.downSince) : begin(direction),
    quality: null,
    complaint: null,
    silence: { in: false, out: false },
    price: null,
    escrowId: null,
    hasEarlySound: false,
  });
  let wantsHold = false;
  let last: Sample | null = null;
  let seen: Seen = { inAt: now(), outAt: now() };
  let qualities: Quality[] = [];
  let dismissedAt: number | null = null;
  /** Since when sound goes the ways that it goes: what is not expected for long has just not come yet. */
  let expectedSince = now();

  function happen(event: CallEvent): void {
    const before = view.value.state;
    const after = next(direction, before, event);
    if (after === before) return;
    view.value = { ...view.value, state: after };
    if (after.kind === 'talking' && before.kind !== 'talking') seen = { inAt: now(), outAt: now() };
    if (after.kind === 'talking' && (before.kind !== 'talking' || before.sound !== after.sound)) expectedSince = now();
    if (after.kind === 'over') speaker.close();
    deps.onChange(before, after);
  }

  /** Which way sound should go. A side that is muted still sends: silence is packets too. */
  function expected(): { in: boolean; out: boolean } {
    const { state } = view.value;
    if (state.kind !== 'talking') return { in: false, out: false };
    return {
      in: state.sound === 'sendrecv' || state.sound === 'recvonly',
      out: state.sound === 'sendrecv' || state.sound === 'sendonly',
    };
  }

  const silenceAt = (at: number): Silence => {
    const [inAt, outAt] = [Math.max(seen.inAt, expectedSince), Math.max(seen.outAt, expectedSince)];
    return silenceOf({ inAt, outAt }, at, expected());
  };

  function hook(connection: RTCPeerConnection): void {
    speaker.play(connection);
    connection.addEventListener('iceconnectionstatechange', () => {
      if (connection.iceConnectionState === 'failed') deps.onDoubt('ice');
    });
    last = null;
  }

  function listenTo(own: SipCall): void {
    const ofNow =
      <Told extends unknown[]>(follow: (...told: Told) => void) =>
      (...told: Told) =>
        own === sip && follow(...told);
    own.listen({
      rings: ofNow((hasEarlySound) => {
        view.value = { ...view.value, hasEarlySound };
        happen({ kind: 'rings' });
      }),
      connection: ofNow(hook),
      answered: ofNow(() => happen({ kind: 'answered', at: now() })),
      sound: ofNow((sound) => happen({ kind: 'sound', direction: sound })),
      failed: ofNow((status, reason) => happen({ kind: 'failed', at: now(), status, reason })),
      theyEnd: ofNow((reason, takenElsewhere) => happen({ kind: 'theyEnd', at: now(), reason, takenElsewhere })),
      trouble: ofNow(() => deps.onDoubt('unanswered')),
    });
  }
  listenTo(sip);

  const offer = (restart: readonly RTCIceServer[] | null) =>
    sip.offer({ restart, direction: wantsHold ? 'sendonly' : 'sendrecv' });

  return {
    view,
    get sip() {
      return sip;
    },
    goOnBy: (newer) => {
      sip = newer;
      listenTo(newer);
    },
    happen,
    pays: (price, escrowId) => {
      view.value = { ...view.value, price, escrowId };
    },
    hold: async (on) => {
      wantsHold = on;
      const result = await offer(null);
      const { state } = view.value;
      if (result === 'gone') happen({ kind: 'lost', at: now() });
      if (result !== 'applied') wantsHold = state.kind === 'talking' && isHeldByUs(state);
      return result === 'applied';
    },
    mute: (on) => {
      for (const { track } of sip.connection()?.getSenders() ?? []) if (track) track.enabled = !on;
      happen({ kind: 'mute', on });
    },
    replaceTrack: (track) => {
      const { state } = view.value;
      track.enabled = !(state.kind === 'talking' && state.mutedByUs);
      for (const sender of sip.connection()?.getSenders() ?? []) void sender.replaceTrack(track);
    },
    dismiss: () => {
      dismissedAt = now();
      view.value = { ...view.value, complaint: null };
    },
    sample: async () => {
      const connection = sip.connection();
      const { state } = view.value;
      if (connection === null || state.kind !== 'talking') return;
      const at = now();
      const read = await readSample(connection, at);
      if (sip.connection() !== connection) return;
      const hasSlept = last !== null && at - last.at > SLEPT_MS;
      seen = hasSlept ? { inAt: at, outAt: at } : see(seen, last, read);
      const quality = last === null ? null : qualityBetween(last, read);
      last = read;
      if (quality) qualities = [...qualities.slice(1 - KEPT_QUALITIES), quality];
      const isQuiet = state.mutedByUs || state.mutedBySystem || state.sound !== 'sendrecv' || state.downSince !== null;
      const silence = silenceAt(at);
      view.value = {
        ...view.value,
        quality,
        silence,
        complaint: complaintOf(qualities, isQuiet, dismissedAt, at),
      };
      if (silence.in || silence.out) deps.onDoubt('silence');
    },
    isSilent: () => {
      const ice = sip.connection()?.iceConnectionState;
      if (ice === 'failed' || ice === 'disconnected') return true;
      if (last !== null && now() - last.at > SLEPT_MS) return false;
      const { in: noneIn, out: noneOut } = silenceAt(now());
      return noneIn || noneOut;
    },
    hasSoundSince: (at) => {
      const should = expected();
      return (!should.in || seen.inAt > at) && (!should.out || seen.outAt > at);
    },
    offer,
    keep: () => (view.value.state.kind === 'talking' ? sip.keep() : null),
  };
}
