import type { Direction, SoundDirection } from '../call/call-state.ts';

/** What the telephone asks of a SIP library, and what it is told: nothing else knows which one it is. */

/** A final answer. Null instead of it: there was none, as where the connection broke. */
export type SipAnswer = { status: number; phrase: string; header(name: string): string | null };

export type SipEvents = {
  /** The connection is gone. */
  onClosed(): void;
  /** The registration has to be renewed soon. */
  onExpiring(): void;
  onCall(call: SipCall, headers: (name: string) => string | null): void;
  onMessage(message: SipMessage): void;
};

export type SipMessage = { from: string; text: string; contentType: string };

export type SipSettings = {
  /** `wss://…` */
  url: string;
  domain: string;
  user: string;
  /** The same for each start of this installation: a registrar then replaces what it had of it. */
  instanceId: string;
};

export type Sip = {
  /** Opens the connection, a new one where there is one; whether it is open. */
  connect(): Promise<boolean>;
  isOpen(): boolean;
  /** At once, and without a word. */
  close(): void;
  /** REGISTER with these headers. */
  register(headers: readonly string[], expiresS: number): Promise<SipAnswer | null>;
  /** Whether the proxy answers, over the very connection that we believe in. */
  prove(): Promise<boolean>;
  call(target: string, options: CallOptions): SipCall;
  /** Goes on with a call of a page that is gone; it has no sound before `offer`. */
  takeOver(dialog: KeptDialog, options: Omit<CallOptions, 'headers'> & { direction: Direction }): SipCall;
  send(to: string, text: string): Promise<SipAnswer | null>;
};

export type CallOptions = { stream: MediaStream; iceServers: readonly RTCIceServer[]; headers: readonly string[] };

export type SipCallEvents = {
  rings(earlySound: boolean): void;
  /** From now on there is a connection for sound. */
  connection(connection: RTCPeerConnection): void;
  answered(): void;
  /** What both sides have agreed on. */
  sound(direction: SoundDirection): void;
  failed(status: number | null, reason: string | null): void;
  /** BYE or CANCEL by the other side. */
  theyEnd(reason: string | null, takenElsewhere: boolean): void;
  /** The library would end it now: nobody has hung up, so it is for us to look. */
  trouble(): void;
};

export type Offer = {
  direction: SoundDirection;
  /** Everything about the way of the sound anew, by these relays; null: the way that there is does. */
  restart: readonly RTCIceServer[] | null;
};

export type OfferResult =
  | 'applied'
  /** The other side knows of no such call any more. */
  | 'gone'
  | 'failed';

export type SipCall = {
  /** The Call-ID. */
  id: string;
  remote: { user: string; name: string };
  listen(events: SipCallEvents): void;
  connection(): RTCPeerConnection | null;
  answer(options: Omit<CallOptions, 'headers'>): void;
  decline(status: number): void;
  /** CANCEL or BYE, or a refusal, by what the call is in. */
  hangUp(): void;
  /** Offers the sound anew, inside of the dialog. */
  offer(wanted: Offer): Promise<OfferResult>;
  info(contentType: string, body: string): Promise<SipAnswer | null>;
  /** A blind transfer; the final answer is that to REFER. */
  refer(target: string): Promise<SipAnswer | null>;
  /** Keys of the pad, in the sound itself (RFC 4733); whether the other side takes any. */
  tones(keys: string): boolean;
  /** What another page needs to go on with it; null before it is answered. */
  keep(): KeptDialog | null;
};

/** What both sides of a call keep of it (RFC 3261, 12). */
export type KeptDialog = {
  callId: string;
  localTag: string;
  remoteTag: string;
  localSequence: number;
  remoteSequence: number | null;
  localUri: string;
  remoteUri: string;
  remoteTarget: string;
  routes: string[];
};
