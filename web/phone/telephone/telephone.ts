import { type ReadonlySignal, signal } from '@preact/signals';
import { destinationOf } from '../../../protocol/call/destination.ts';
import type { Address } from '../../../protocol/types/address.ts';
import type { CallState } from '../call/call-state.ts';
import { mayCall, onIncoming, toHold } from '../call/calls.ts';
import type { Doubt } from '../call/recovery.ts';
import { loadJsSip } from './jssip.ts';
import { createJsSipLine } from './jssip-line.ts';
import { type KeptCall, keepCalls, keptOf, takeKeptCalls } from './kept-calls.ts';
import { createLine, type Line } from './line.ts';
import { createLiveCall, isComing, type LiveCall } from './live-call.ts';
import type { Microphone } from './microphone.ts';
import { createMoney, type Money } from './money.ts';
import type { Needs, Price, Reserved } from './needs.ts';
import { accountFor, goOn, type ResumeDeps } from './resume-calls.ts';
import type { SipCall, SipMessage } from './sip.ts';
import { sleep } from './sleep.ts';
import { createSpeaker, type Speaker } from './speaker.ts';
import type { Store } from './store.ts';
import type { Vault } from './vault.ts';

/** All lines and calls of this page. Views show its signals and call its functions; nothing in here draws. */

export type TelephoneDeps = {
  needs: Needs;
  store: Store;
  vault: Vault;
  instanceId: string;
  microphone: Microphone;
  now(): number;
  push(key: string | null): Promise<PushSubscriptionJSON | null>;
  onMessage(provider: Address, message: SipMessage): void;
  /** A call has gone from one state to another: what rings, shows and remembers follows it. */
  onChange(call: LiveCall, before: CallState | null): void;
  /** A page before this one has hung up with itself. */
  onLeft: ResumeDeps['onLeft'];
  /** The browser wants a touch before it lets anything be heard. */
  onBlocked(): void;
};

export type Called =
  | { kind: 'called'; call: LiveCall }
  | { kind: 'tooMany' | 'noLine' | 'noReserve' | 'noMicrophone' }
  | { kind: 'noPrice'; reason: string };

export type Telephone = {
  lines: ReadonlySignal<readonly Line[]>;
  calls: ReadonlySignal<readonly LiveCall[]>;
  money: Money;
  open(provider: Address): Promise<Line>;
  close(provider: Address): void;
  call(to: string, provider: Address): Promise<Called>;
  answer(id: string): Promise<'answered' | 'noMicrophone'>;
  hangUp(id: string): Promise<void>;
  hold(id: string, on: boolean): Promise<boolean>;
  transfer(id: string, to: string): Promise<'accepted' | 'refused'>;
  forget(id: string): void;
  doubt(why: Doubt): void;
  /** Once a second. */
  tick(): void;
  /** The page is being left. */
  leave(comesBack: boolean): void;
  changeMicrophone(): Promise<void>;
  speakers(): readonly Speaker[];
};

const isTalking = ({ view }: LiveCall) => view.value.state.kind === 'talking';
const isOver = ({ view }: LiveCall) => view.value.state.kind === 'over';

export function createTelephone(deps: TelephoneDeps): Telephone {
  const { needs, store, vault, microphone, now } = deps;
  const lines = signal<readonly Line[]>([]);
  const calls = signal<readonly LiveCall[]>([]);
  const speakers = new Map<string, Speaker>();
  const tracks = new Map<string, MediaStreamTrack>();
  const lineOf = (provider: Address) => lines.value.find((line) => line.provider === provider);
  const callOf = (id: string) => calls.value.find(({ view }) => view.value.id === id);
  const views = () => calls.value.map(({ view }) => view.value);
  const { kept, over } = takeKeptCalls(now());
  const money = createMoney({ needs, store, now, send: sendVoucher });

  const payerOf = ({ view }: LiveCall) => {
    const { escrowId } = view.value;
    return escrowId === null ? null : money.payer(escrowId);
  };

  async function sendVoucher(callId: string, body: string): Promise<boolean> {
    const call = callOf(callId);
    if (!call || !lineOf(call.view.value.provider)?.isProven()) return false;
    const answer = await call.sip.info('application/krypton-voucher+json', body);
    if (answer === null) lineOf(call.view.value.provider)?.doubt('unanswered');
    return answer?.status === 200;
  }

  /** Each call has a track of its own, so that a mute is one call's. */
  async function newSound(): Promise<MediaStream> {
    const stream = await microphone.open();
    return new MediaStream(stream.getAudioTracks().map((track) => track.clone()));
  }

  function keepTrack(id: string, stream: MediaStream): void {
    const [track] = stream.getAudioTracks();
    if (track) tracks.set(id, track);
  }

  /** Of a call that was over before it was asked for. */
  function dropSound(stream: MediaStream): void {
    for (const track of stream.getTracks()) track.stop();
    if (calls.value.every(isOver)) microphone.close();
  }

  const resuming: ResumeDeps = {
    needs,
    money,
    soundFor: async (id) => {
      const stream = await newSound();
      keepTrack(id, stream);
      return stream;
    },
    add: (line, sip, past) => add(line, sip, past.direction, past),
    onLeft: deps.onLeft,
  };

  function add(line: Line, sip: SipCall, direction: 'outgoing' | 'incoming', past?: KeptCall): LiveCall {
    const speaker = createSpeaker(deps.onBlocked);
    const call: LiveCall = createLiveCall({
      provider: line.provider,
      direction,
      sip,
      speaker,
      now,
      onDoubt: (why) => line.doubt(why),
      onChange: (before) => changed(call, before),
      ...(past && {
        kept: { startedAt: past.startedAt, answeredAt: past.answeredAt, downSince: past.savedAt },
      }),
    });
    speakers.set(sip.id, speaker);
    calls.value = [...calls.value.filter(({ view }) => view.value.id !== sip.id), call];
    deps.onChange(call, null);
    return call;
  }

  function changed(call: LiveCall, before: CallState): void {
    const { id, state, price } = call.view.value;
    const payer = payerOf(call);
    if (state.kind === 'talking' && before.kind !== 'talking' && price?.kind === 'priced')
      payer?.begin(id, price.terms, state.answeredAt);
    if (state.kind === 'talking') payer?.stand(id, state.downSince);
    if (state.kind === 'over') {
      void payer?.end(id, state.endedAt);
      tracks.get(id)?.stop();
      tracks.delete(id);
      speakers.delete(id);
      if (calls.value.every(isOver)) microphone.close();
    }
    deps.onChange(call, before);
  }

  const opening = new Map<Address, Promise<Line>>();

  function open(provider: Address): Promise<Line> {
    const there = lineOf(provider);
    if (there) return Promise.resolve(there);
    const known = opening.get(provider) ?? openNow(provider).finally(() => opening.delete(provider));
    opening.set(provider, known);
    return known;
  }

  async function openNow(provider: Address): Promise<Line> {
    const [{ url, domain }, library] = await Promise.all([needs.placeOf(provider), loadJsSip()]);
    const settings = { url, domain, user: needs.user, instanceId: deps.instanceId };
    const name = `${needs.contract} ${provider} ${needs.user}`;
    const ownCalls = () => calls.value.filter((call) => call.view.value.provider === provider && isTalking(call));
    const line: Line = createLine({
      provider,
      now,
      openSip: (events) => createJsSipLine(library, settings, events),
      registration: {
        network: needs.network,
        contract: needs.contract,
        session: () => vault.read(name),
        keepSession: (secret) => vault.write(name, secret),
        isOnChain: () => needs.isOnChain(provider),
        sign: (terms) => needs.sign(terms),
      },
      push: deps.push,
      calls: () =>
        ownCalls().map((call) => ({
          isSilent: call.isSilent,
          hasSoundSince: call.hasSoundSince,
          settleUp: async () => payerOf(call)?.catchUp(),
          offer: () => call.offer(line.registered()?.iceServers ?? []),
          onDown: (at) => call.happen({ kind: 'down', at }),
          onUp: () => call.happen({ kind: 'up' }),
          onLost: (at) => call.happen({ kind: 'lost', at }),
        })),
      onReturn: () => awaitAgain(provider),
      onCall: (sip) => onCall(line, sip),
      onMessage: (message) => deps.onMessage(provider, message),
    });
    lines.value = [...lines.value, line];
    const past = ({ provider: of }: KeptCall) => of === provider;
    for (const call of kept.filter(past)) await goOn(resuming, line, call);
    for (const call of over.filter(past)) await accountFor(resuming, call);
    line.doubt('closed');
    return line;
  }

  function onCall(line: Line, sip: SipCall): void {
    const known = callOf(sip.id);
    if (known && !isOver(known)) ringOn(known, line, sip);
    else if (onIncoming(views()) === 'busy') sip.decline(486);
    else add(line, sip, 'incoming');
  }

  /** The line broke while it rang, and the call comes again by the next one. */
  function ringOn(call: LiveCall, line: Line, sip: SipCall): void {
    const { provider, remote, state } = call.view.value;
    if (provider !== line.provider || remote.user !== sip.remote.user || !isComing(call)) {
      sip.decline(482); // RFC 3261, 8.2.2.2
      return;
    }
    call.sip.hangUp();
    call.goOnBy(sip);
    if (state.kind === 'answering') answerNow(call, line);
  }

  /** As soon as a line is there again, the provider has what rings come by it. What does not is over. */
  function awaitAgain(provider: Address): () => void {
    const rang = calls.value
      .filter((call) => call.view.value.provider === provider && isComing(call))
      .map((call) => ({ call, before: call.sip }));
    const endOthers = () => {
      for (const { call, before } of rang) {
        if (call.sip !== before || !isComing(call)) continue;
        before.hangUp();
        call.happen({ kind: 'lost', at: now() });
      }
    };
    return () => setTimeout(endOthers, COMES_AGAIN_MS);
  }

  function answerNow({ sip }: LiveCall, line: Line): void {
    const track = tracks.get(sip.id);
    if (track) sip.answer({ stream: new MediaStream([track]), iceServers: line.registered()?.iceServers ?? [] });
  }

  async function holdOthers(id: string): Promise<void> {
    await Promise.all(toHold(views(), id).map((other) => callOf(other)?.hold(true)));
  }

  /** Who pays for a call that costs money; the person is asked where nothing is reserved yet. */
  async function payFor(provider: Address, price: Price): Promise<Reserved | null> {
    if (price.kind !== 'priced') return null;
    const reserved = (await needs.reserveOf(provider)) ?? (await needs.askToReserve(provider, price.terms));
    if (reserved) await money.payerFor(reserved);
    return reserved;
  }

  return {
    lines,
    calls,
    money,
    open,
    close: (provider) => {
      lineOf(provider)?.stop();
      lines.value = lines.value.filter((line) => line.provider !== provider);
    },
    call: async (to, provider) => {
      const line = lineOf(provider);
      if (!mayCall(views())) return { kind: 'tooMany' };
      if (!line?.isReady()) return { kind: 'noLine' };
      const price = await needs.priceOf(provider, destinationOf({ direction: 'outbound', to }));
      if (price.kind === 'unknown') return { kind: 'noPrice', reason: price.reason };
      const reserved = await payFor(provider, price);
      if (price.kind === 'priced' && reserved === null) return { kind: 'noReserve' };
      const stream = await newSound().catch(() => null);
      if (stream === null) return { kind: 'noMicrophone' };
      const voucher = reserved && (await money.payer(reserved.escrowId)?.header());
      const headers = reserved ? [`X-Krypton-Escrow: ${reserved.escrowId}`] : [];
      if (voucher) headers.push(`X-Krypton-Voucher: ${voucher}`);
      await holdOthers('');
      const iceServers = line.registered()?.iceServers ?? [];
      const sip = line.sip.call(to, { stream, iceServers, headers });
      keepTrack(sip.id, stream);
      const call = add(line, sip, 'outgoing');
      call.pays(price, reserved?.escrowId ?? null);
      call.happen({ kind: 'sent' });
      return { kind: 'called', call };
    },
    answer: async (id) => {
      const call = callOf(id);
      const line = call && lineOf(call.view.value.provider);
      if (!call || !line) return 'answered';
      const stream = await newSound().catch(() => null);
      if (stream === null) return 'noMicrophone';
      await holdOthers(id);
      // a number's call may cost the called one; a user's is paid by who calls
      const direction = destinationOf({ direction: 'outbound', to: call.sip.remote.user }).kind === 'neo' ? null : 'in';
      if (direction) {
        const price = await needs.priceOf(line.provider, { kind: 'inbound' });
        const reserved = price.kind === 'priced' ? await needs.reserveOf(line.provider) : null;
        if (reserved) await money.payerFor(reserved);
        call.pays(price, reserved?.escrowId ?? null);
      }
      if (isOver(call)) {
        dropSound(stream);
        return 'answered';
      }
      keepTrack(id, stream);
      call.happen({ kind: 'weAnswer' });
      answerNow(call, line);
      return 'answered';
    },
    hangUp: async (id) => {
      const call = callOf(id);
      if (!call || isOver(call)) return;
      const { state, direction } = call.view.value;
      const payer = payerOf(call);
      // the last voucher goes before the BYE, but nobody waits for its answer
      if (payer && state.kind === 'talking') await Promise.race([payer.tick(), sleep(LAST_VOUCHER_MS)]);
      if (direction === 'incoming' && state.kind === 'ringing') call.sip.decline(603);
      else call.sip.hangUp();
      call.happen({ kind: 'weHangUp', at: now() });
    },
    hold: async (id, on) => {
      if (!on) await holdOthers(id);
      return (await callOf(id)?.hold(on)) ?? false;
    },
    transfer: async (id, to) => {
      const call = callOf(id);
      const line = call && lineOf(call.view.value.provider);
      if (!call || !line) return 'refused';
      const { domain } = await needs.placeOf(line.provider);
      const answer = await call.sip.refer(`sip:${to}@${domain}`);
      return answer !== null && answer.status < 300 ? 'accepted' : 'refused';
    },
    forget: (id) => {
      calls.value = calls.value.filter((call) => call.view.value.id !== id || !isOver(call));
    },
    doubt: (why) => {
      for (const line of lines.value) line.doubt(why);
    },
    tick: () => {
      const at = now();
      for (const call of calls.value) void call.sample();
      for (const line of lines.value) line.tick(at);
      for (const call of calls.value.filter(isTalking)) {
        const { id, provider, state, escrowId } = call.view.value;
        const intervalMs = lineOf(provider)?.registered()?.voucherIntervalMs;
        if (escrowId !== null && intervalMs !== undefined && state.kind === 'talking')
          money.tick(id, intervalMs, state.answeredAt);
      }
    },
    leave: (comesBack) => {
      const talking = calls.value.filter(isTalking);
      keepCalls(
        talking.flatMap((call) => keptOf(call, now()) ?? []),
        comesBack,
      );
      for (const call of calls.value) if (!isOver(call) && !(comesBack && isTalking(call))) call.sip.hangUp();
    },
    changeMicrophone: async () => {
      const isHeard = calls.value.some(isTalking);
      if (!isHeard && microphone.stream() === null) return;
      const stream = await microphone.reopen().catch(() => null);
      if (isHeard && calls.value.every(isOver)) microphone.close();
      for (const call of calls.value.filter(isTalking)) {
        const track = stream?.getAudioTracks()[0]?.clone();
        // the last one was pulled out: a call goes on without, and gets the next one that is plugged in
        call.happen({ kind: 'systemMute', on: track?.muted ?? true });
        if (!track) continue;
        tracks.get(call.view.value.id)?.stop();
        tracks.set(call.view.value.id, track);
        call.replaceTrack(track);
      }
    },
    speakers: () => [...speakers.values()],
  };
}

/** On a bad line a person does not wait to hang up. */
const LAST_VOUCHER_MS = 300;
/** A call that rings follows the registration at once. */
const COMES_AGAIN_MS = 3_000;
