import { type ReadonlySignal, signal } from '@preact/signals';
import type { Address } from '../../../protocol/types/address.ts';
import { type Action, advance, type Doubt, type Recovery, type RecoveryEvent } from '../call/recovery.ts';
import { type RegisterDeps, type Registered, type RegisterResult, register } from './register.ts';
import type { Sip, SipEvents } from './sip.ts';
import { sleep } from './sleep.ts';

/** One provider: a connection, a registration, and the calls over them, kept alive by the recovery of `call/`. */

export type LineState = {
  recovery: Recovery['kind'];
  /** What the provider said last; null: it was not asked yet. */
  answer: RegisterResult | null;
};

/** A network that forgets a quiet connection closes nothing: it is asked whether it still holds. */
const PROOF_MS = 60_000;

/** A call that talks over the line, as far as its repair goes. */
export type LineCall = {
  /** Whether it should have sound, and has none. */
  isSilent(): boolean;
  /** Whether there was sound since then, both ways. */
  hasSoundSince(at: number): boolean;
  /** What was talked so far is signed for, and sent. */
  settleUp(): Promise<void>;
  offer(): Promise<'applied' | 'gone' | 'failed'>;
  onDown(at: number): void;
  onUp(): void;
  /** The other side knows nothing of it any more, or it was not repaired in time. */
  onLost(at: number): void;
};

export type LineDeps = {
  provider: Address;
  now(): number;
  openSip(events: SipEvents): Sip;
  registration: Omit<RegisterDeps, 'sip' | 'provider' | 'push'>;
  /** The browser's subscription, by the provider's key for it; null while that is not known. */
  push(key: string | null): Promise<PushSubscriptionJSON | null>;
  calls(): readonly LineCall[];
  /** It is about to register over another connection; what this answers is called once it has. */
  onReturn(): () => void;
  onCall: SipEvents['onCall'];
  onMessage: SipEvents['onMessage'];
};

export type Line = {
  provider: Address;
  state: ReadonlySignal<LineState>;
  sip: Sip;
  registered(): Registered | null;
  /** Whether calls may be made now. */
  isReady(): boolean;
  /** Whether it is known to hold: what costs money if it gets lost is sent then. */
  isProven(): boolean;
  doubt(why: Doubt): void;
  tick(at: number): void;
  /** The person has registered on the chain, with the uuid that the provider gave. */
  useToken(uuid: string): void;
  /** The person has just allowed it. */
  handOverPush(): Promise<void>;
  stop(): void;
};

/** The proxy has answered over the connection that there is. */
const proven: readonly Recovery['kind'][] = ['steady', 'offering', 'listening'];

/** An answer to a voucher takes a round trip; sound waits no longer for it. */
const SETTLE_MS = 1_000;

export function createLine(deps: LineDeps): Line {
  const { provider, now } = deps;
  let recovery: Recovery = { kind: 'steady' };
  let token: string | null = null;
  let isStopped = false;
  /** Counts the steps, so that an answer to an old one is told apart. */
  let step = 0;
  let listeningSince = 0;
  let provenAt = deps.now();
  const state = signal<LineState>({ recovery: 'steady', answer: null });
  const registered = () => (state.value.answer?.kind === 'registered' ? state.value.answer : null);
  const asked = () => {
    const push = () => deps.push(registered()?.pushKey ?? null);
    return { ...deps.registration, provider, sip, push };
  };
  const sip = deps.openSip({
    onClosed: () => happen({ kind: 'doubt', why: 'closed', at: now() }),
    onExpiring: () => void renew(),
    onCall: deps.onCall,
    onMessage: deps.onMessage,
  });

  function happen(event: RecoveryEvent): void {
    if (isStopped) return;
    if (event.kind === 'done') provenAt = event.at;
    const isSilent = deps.calls().some((call) => call.isSilent());
    const { state: after, action } = advance(recovery, event, { calls: deps.calls().length, isSilent });
    const before = recovery.kind;
    recovery = after;
    if (before !== after.kind) {
      state.value = { ...state.value, recovery: after.kind };
      tellCalls(after, event.at, isSilent);
    }
    if (action !== null) void act(action);
  }

  /** A line that is only looked at still holds, as far as anybody knows. */
  function tellCalls({ kind }: Recovery, at: number, isSilent: boolean): void {
    for (const call of deps.calls()) {
      if (kind === 'steady') call.onUp();
      else if (kind !== 'proving' || isSilent) call.onDown(at);
    }
  }

  async function act(action: Exclude<Action, null>): Promise<void> {
    if (action === 'drop') {
      for (const call of deps.calls()) call.onLost(now());
      return;
    }
    step += 1;
    const own = step;
    if (action === 'listening') {
      listeningSince = now();
      return; // the clock asks whether there is sound
    }
    const result = await run[action]().catch((error) => {
      reportError(error); // none of this should fail so; it is tried again like any other failure
      return 'failed' as const;
    });
    if (own !== step || isStopped) return;
    const at = now();
    if (result === 'done') happen({ kind: 'done', step: action, at });
    else happen({ kind: 'failed', step: action, at, final: result === 'final' });
  }

  type Result = 'done' | 'failed' | 'final';
  const run: Record<'proving' | 'connecting' | 'registering' | 'offering', () => Promise<Result>> = {
    proving: async () => ((await sip.prove()) ? 'done' : 'failed'),
    connecting: async () => ((await sip.connect()) ? 'done' : 'failed'),
    registering: async () => {
      const onBack = deps.onReturn(); // a call may come before the answer has been read to its end
      const answer = await register(asked(), token);
      state.value = { ...state.value, answer };
      if (answer.kind === 'registered') {
        token = null;
        onBack();
        void handOverPush();
      }
      return answer.kind === 'registered' ? 'done' : answer.kind === 'unreachable' ? 'failed' : 'final';
    },
    offering: async () => {
      const results = await Promise.all(
        deps.calls().map(async (call) => {
          // a provider ends a call whose voucher is late, and it counts on once the call is back
          await Promise.race([call.settleUp(), sleep(SETTLE_MS)]);
          const result = await call.offer();
          if (result === 'gone') call.onLost(now());
          return result;
        }),
      );
      return results.includes('failed') ? 'failed' : 'done';
    },
  };

  /** In time, over a line that holds: nothing of it is seen. */
  async function renew(): Promise<void> {
    if (recovery.kind !== 'steady') return;
    const answer = await register(asked()).catch((error) => {
      reportError(error);
      return null;
    });
    if (answer?.kind === 'registered') state.value = { ...state.value, answer };
    else happen({ kind: 'doubt', why: 'unanswered', at: now() });
  }

  /** The key comes with the first answer, and the subscription that is made for it goes with the next REGISTER. */
  async function handOverPush(): Promise<void> {
    const pushKey = registered()?.pushKey ?? null;
    if (pushKey === null || (await deps.push(null)) !== null) return; // it went with this REGISTER already
    if ((await deps.push(pushKey)) !== null) await renew();
  }

  return {
    provider,
    state,
    sip,
    registered,
    isReady: () => ['steady', 'proving'].includes(recovery.kind) && registered() !== null && sip.isOpen(),
    isProven: () => proven.includes(recovery.kind) && registered() !== null && sip.isOpen(),
    doubt: (why) => {
      const isGone = recovery.kind === 'steady' && !sip.isOpen();
      happen({ kind: 'doubt', why: isGone ? 'closed' : why, at: now() });
    },
    tick: (at) => {
      if (recovery.kind === 'steady' && at - provenAt >= PROOF_MS) happen({ kind: 'doubt', why: 'unanswered', at });
      if (recovery.kind === 'listening' && deps.calls().every((call) => call.hasSoundSince(listeningSince)))
        happen({ kind: 'done', step: 'listening', at });
      else happen({ kind: 'tick', at });
    },
    useToken: (uuid) => {
      token = uuid;
      // the nonce was given to this very connection
      void register(asked(), uuid).then((answer) => {
        state.value = { ...state.value, answer };
        if (answer.kind === 'registered') {
          token = null;
          recovery = { kind: 'steady' };
          state.value = { ...state.value, recovery: 'steady' };
        }
      });
    },
    handOverPush,
    stop: () => {
      isStopped = true;
      sip.close();
    },
  };
}
