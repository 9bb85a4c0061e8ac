/** What a call is in, as values alone: the picture of it is in README.md. Times are milliseconds since 1970. */

export type Direction = 'outgoing' | 'incoming';

/** Which way sound may go, as WebRTC has agreed on it; seen from here. */
export type SoundDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** Why a call is over. */
export type Outcome =
  | { kind: 'hungUp'; by: 'us' | 'them' }
  /** The provider has ended it and names the reason: `insufficientFunds`, `voucherMissing`, `noMedia`, ... */
  | { kind: 'endedByProvider'; reason: string }
  | { kind: 'busy' }
  | { kind: 'declined'; by: 'us' | 'them' }
  | { kind: 'cancelled' }
  | { kind: 'missed' }
  /** Another device of the same user has taken it. */
  | { kind: 'takenElsewhere' }
  | { kind: 'noAnswer' }
  /** Nobody is registered there now. */
  | { kind: 'away' }
  /** There is no such number or user. */
  | { kind: 'unknown' }
  /** `reason`: the provider's own word for it, as in `X-Krypton-Reason`. */
  | { kind: 'refused'; status: number; reason: string | null }
  | { kind: 'noMicrophone' }
  /** The connection did not come back in time. */
  | { kind: 'lost' };

export type Talking = {
  kind: 'talking';
  answeredAt: number;
  /** What was agreed on last, never what was only asked for. */
  sound: SoundDirection;
  /** By the person, here. */
  mutedByUs: boolean;
  /** By the system: another program has the microphone, or the page is in the background of a phone. */
  mutedBySystem: boolean;
  /** Since when the line is down; null while it holds. */
  downSince: number | null;
};

export type CallState =
  /** Outgoing: the microphone is asked for, the first voucher is signed. */
  | { kind: 'preparing' }
  | { kind: 'calling' }
  /** It rings: there, or here. */
  | { kind: 'ringing' }
  /** Incoming: the person has answered, sound is being agreed on. */
  | { kind: 'answering' }
  | Talking
  | { kind: 'over'; outcome: Outcome; answeredAt: number | null; endedAt: number };

export type CallEvent =
  | { kind: 'sent' }
  | { kind: 'rings' }
  | { kind: 'weAnswer' }
  | { kind: 'answered'; at: number }
  | { kind: 'sound'; direction: SoundDirection }
  | { kind: 'mute'; on: boolean }
  | { kind: 'systemMute'; on: boolean }
  | { kind: 'down'; at: number }
  | { kind: 'up' }
  /** It did not come about. `status`: the final answer; null: there was none. */
  | { kind: 'failed'; at: number; status: number | null; reason: string | null }
  | { kind: 'weHangUp'; at: number }
  | { kind: 'weDecline'; at: number }
  /** BYE or CANCEL from the other side, with what its Reason header says. */
  | { kind: 'theyEnd'; at: number; reason: string | null; takenElsewhere: boolean }
  | { kind: 'noMicrophone'; at: number }
  | { kind: 'lost'; at: number };

export const begin = (direction: Direction): CallState => ({
  kind: direction === 'outgoing' ? 'preparing' : 'ringing',
});

/** A call that another page began, and that this one goes on with; its line is down since that page was left. */
export const goOn = (answeredAt: number, downSince: number): CallState => ({ ...talking(answeredAt), downSince });

/** What follows. An event that a state does not know changes nothing: it came too late. */
export function next(direction: Direction, state: CallState, event: CallEvent): CallState {
  if (state.kind === 'over') return state;
  switch (event.kind) {
    case 'sent':
      return state.kind === 'preparing' ? { kind: 'calling' } : state;
    case 'rings':
      return state.kind === 'calling' ? { kind: 'ringing' } : state;
    case 'weAnswer':
      return state.kind === 'ringing' && direction === 'incoming' ? { kind: 'answering' } : state;
    case 'answered':
      return state.kind === 'talking' ? state : talking(event.at);
    case 'sound':
      return state.kind === 'talking' ? { ...state, sound: event.direction } : state;
    case 'mute':
      return state.kind === 'talking' ? { ...state, mutedByUs: event.on } : state;
    case 'systemMute':
      return state.kind === 'talking' ? { ...state, mutedBySystem: event.on } : state;
    case 'down':
      return state.kind === 'talking' ? { ...state, downSince: state.downSince ?? event.at } : state;
    case 'up':
      return state.kind === 'talking' ? { ...state, downSince: null } : state;
    default:
      return over(state, outcomeOf(direction, state, event), event.at);
  }
}

const talking = (answeredAt: number): Talking => ({
  kind: 'talking',
  answeredAt,
  sound: 'sendrecv',
  mutedByUs: false,
  mutedBySystem: false,
  downSince: null,
});

/** A call that was lost has lasted until its line went down. */
function over(state: Exclude<CallState, { kind: 'over' }>, outcome: Outcome, at: number): CallState {
  if (state.kind !== 'talking') return { kind: 'over', outcome, answeredAt: null, endedAt: at };
  const endedAt = outcome.kind === 'lost' ? (state.downSince ?? at) : at;
  return { kind: 'over', outcome, answeredAt: state.answeredAt, endedAt: Math.max(endedAt, state.answeredAt) };
}

type Ending = Extract<CallEvent, { at: number }>;

function outcomeOf(direction: Direction, { kind }: CallState, event: Exclude<Ending, { kind: 'answered' | 'down' }>) {
  switch (event.kind) {
    case 'weHangUp':
      return kind === 'talking' ? hungUp('us') : direction === 'outgoing' ? cancelled : declined('us');
    case 'weDecline':
      return kind === 'talking' ? hungUp('us') : declined('us');
    case 'theyEnd':
      if (kind === 'talking') return event.reason === null ? hungUp('them') : endedByProvider(event.reason);
      return event.takenElsewhere ? takenElsewhere : missed;
    case 'failed':
      return direction === 'incoming' ? missed : failure(event.status, event.reason);
    case 'noMicrophone':
      return noMicrophone;
    case 'lost':
      return kind === 'talking' ? lost : direction === 'incoming' ? missed : lost;
    default:
      return event satisfies never;
  }
}

const hungUp = (by: 'us' | 'them'): Outcome => ({ kind: 'hungUp', by });
const declined = (by: 'us' | 'them'): Outcome => ({ kind: 'declined', by });
const endedByProvider = (reason: string): Outcome => ({ kind: 'endedByProvider', reason });
const cancelled: Outcome = { kind: 'cancelled' };
const missed: Outcome = { kind: 'missed' };
const takenElsewhere: Outcome = { kind: 'takenElsewhere' };
const noMicrophone: Outcome = { kind: 'noMicrophone' };
const lost: Outcome = { kind: 'lost' };

/** The provider's own reason comes first: 404 is an unknown number, and a destination without a price as well. */
function failure(status: number | null, reason: string | null): Outcome {
  if (status === null) return lost;
  if (reason !== null) return { kind: 'refused', status, reason };
  switch (status) {
    case 486:
    case 600:
      return { kind: 'busy' };
    case 603:
      return declined('them');
    case 480:
      return { kind: 'away' };
    case 404:
    case 410:
    case 484:
    case 604:
      return { kind: 'unknown' };
    case 408:
    case 487:
      return { kind: 'noAnswer' };
    default:
      return { kind: 'refused', status, reason };
  }
}

/** Whether we hold it: they hear nothing of us, and we may still hear them. */
export const isHeldByUs = ({ sound }: Talking): boolean => sound === 'sendonly' || sound === 'inactive';
/** Whether they hold it. */
export const isHeldByThem = ({ sound }: Talking): boolean => sound === 'recvonly' || sound === 'inactive';
