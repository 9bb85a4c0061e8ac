/**
 * What to do next about a line that may be down: one recovery at a time, decided by values alone. The picture is in
 * README.md. Times are milliseconds.
 */

/**
 * What made us look. None of these says by itself that anything is wrong. `called`: a push has woken us, and the call
 * waits for us to register.
 */
export type Doubt = 'online' | 'visible' | 'clock' | 'ice' | 'silence' | 'closed' | 'unanswered' | 'asked' | 'called';

export type Recovery =
  | { kind: 'steady' }
  /** `since` is when the doubt came; `until`, when this step has failed. */
  | { kind: Step; since: number; until: number; attempt: number }
  | { kind: 'waiting'; since: number; until: number; attempt: number }
  /** The provider won't have us: nothing is tried before somebody asks. */
  | { kind: 'refused' };

type Step = 'proving' | 'connecting' | 'registering' | 'offering' | 'listening';

export type RecoveryEvent =
  | { kind: 'doubt'; why: Doubt; at: number }
  | { kind: 'done'; step: Step; at: number }
  | { kind: 'failed'; step: Step; at: number; final: boolean }
  | { kind: 'tick'; at: number };

/** What is known besides. */
export type Circumstances = {
  /** Calls that talk over this line. */
  calls: number;
  /** One of them should have sound, and has none. */
  isSilent: boolean;
};

/** What is to be done now; `drop`: the calls are lost, and the line itself is still looked after. */
export type Action = Step | 'drop' | null;

/** An answer over a network that works takes a second; a dead TCP connection would keep us waiting for minutes. */
const LIMIT_MS: Record<Step, number> = {
  proving: 2_000,
  connecting: 4_000,
  registering: 5_000,
  /** Offers of both sides may cross, and are then made again up to 4 s later. */
  offering: 8_000,
  listening: 4_000,
};

/** The provider has ended a silent call by now: it waits 20 s for sound. */
export const CALL_LIMIT_MS = 30_000;

/** With a call it is worth trying again and again; without one the network is left alone for longer each time. */
const WAIT_MS = { withCall: 500, first: 1_000, longest: 30_000 } as const;

export function advance(
  state: Recovery,
  event: RecoveryEvent,
  circumstances: Circumstances,
): { state: Recovery; action: Action } {
  const { calls, isSilent } = circumstances;
  switch (event.kind) {
    case 'doubt':
      return onDoubt(state, event, calls);
    case 'tick':
      return onTick(state, event.at, calls);
    case 'failed':
      if (state.kind !== event.step) return { state, action: null };
      if (event.final) return { state: { kind: 'refused' }, action: calls > 0 ? 'drop' : null };
      return event.step === 'proving' ? go('connecting', state, event.at) : wait(state, event.at, calls);
    case 'done':
      if (state.kind !== event.step) return { state, action: null };
      switch (event.step) {
        case 'proving':
          return calls > 0 && isSilent ? go('offering', state, event.at) : steady;
        case 'connecting':
          return go('registering', state, event.at);
        case 'registering':
          return calls > 0 ? go('offering', state, event.at) : steady;
        case 'offering':
          return go('listening', state, event.at);
        case 'listening':
          return steady;
        default:
          return event.step satisfies never;
      }
    default:
      return event satisfies never;
  }
}

type Running = Extract<Recovery, { since: number }>;
const steady = { state: { kind: 'steady' } as Recovery, action: null as Action };

function go(kind: Step, { since, attempt }: Pick<Running, 'since' | 'attempt'>, at: number) {
  return { state: { kind, since, attempt, until: at + LIMIT_MS[kind] } as Recovery, action: kind as Action };
}

function wait({ since, attempt }: Running, at: number, calls: number) {
  const longer = Math.min(WAIT_MS.first * 2 ** attempt, WAIT_MS.longest);
  const until = at + (calls > 0 ? WAIT_MS.withCall : longer);
  return { state: { kind: 'waiting', since, attempt: attempt + 1, until } as Recovery, action: null as Action };
}

/**
 * A connection that is known to be gone needs no proof, nor does one that brought no call. While something is tried
 * already, its own limit decides.
 */
function onDoubt(
  state: Recovery,
  { why, at }: { why: Doubt; at: number },
  calls: number,
): { state: Recovery; action: Action } {
  const isUseless = why === 'closed' || (why === 'called' && calls === 0);
  switch (state.kind) {
    case 'steady':
      return go(isUseless ? 'connecting' : 'proving', { since: at, attempt: 0 }, at);
    case 'refused':
      return why === 'asked' ? go('connecting', { since: at, attempt: 0 }, at) : { state, action: null };
    case 'waiting':
      // whatever was in the way may be gone
      return why === 'silence' || why === 'closed' ? { state, action: null } : go('connecting', state, at);
    case 'proving':
      return isUseless ? go('connecting', state, at) : { state, action: null };
    case 'registering':
    case 'offering':
    case 'listening':
      return why === 'closed' ? go('connecting', state, at) : { state, action: null };
    case 'connecting':
      return { state, action: null };
    default:
      return state satisfies never;
  }
}

function onTick(state: Recovery, at: number, calls: number): { state: Recovery; action: Action } {
  if (state.kind === 'steady' || state.kind === 'refused') return { state, action: null };
  if (calls > 0 && at - state.since >= CALL_LIMIT_MS) return { state, action: 'drop' };
  if (at < state.until) return { state, action: null };
  if (state.kind === 'waiting') return go('connecting', state, at);
  return state.kind === 'proving' ? go('connecting', state, at) : wait(state, at, calls);
}
