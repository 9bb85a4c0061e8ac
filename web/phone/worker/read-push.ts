/** What a provider sends: a call is held for a phone that sleeps. `from` is a number or a NEO address. */
export type CallPush = { kind: 'call'; callId: string; from: string };

/** Longer texts are none that a person called from. */
const MAX_LENGTH = 100;

/** Null: it is something else. What comes from outside is only ever shown as a text. */
export function readPush(text: string): CallPush | null {
  try {
    const { kind, callId, from } = JSON.parse(text).krypton;
    const isText = (value: unknown) => typeof value === 'string' && value !== '' && value.length <= MAX_LENGTH;
    return kind === 'call' && isText(callId) && isText(from) ? { kind, callId, from } : null;
  } catch {
    return null; // no JSON, or another form
  }
}

/** Where the page answers the call: telephony reads it. */
export const pathOf = ({ callId }: CallPush): string => `#/?call=${encodeURIComponent(callId)}`;
