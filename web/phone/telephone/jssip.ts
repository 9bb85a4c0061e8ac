/**
 * What is used of JsSIP 3.13.8, its own parts included: a voucher's INFO, an ICE restart inside of a dialog and a call
 * that goes on in another page are not in its public face. `package.json` names this very version.
 */

export type Emitter = {
  // biome-ignore lint/suspicious/noExplicitAny: each event has another form, which its listener names
  on(event: string, listener: (event: any) => void): void;
};

export type Uri = { user: string | null; toString(): string };

export type Message = {
  method: string;
  status_code: number;
  reason_phrase: string;
  body: string | null;
  from: { uri: Uri; display_name: string | null };
  getHeader(name: string): string | undefined;
};

type Handlers = {
  onSuccessResponse?(response: Message): void;
  onErrorResponse?(response: Message): void;
  onTransportError?(): void;
  onRequestTimeout?(): void;
  onDialogError?(response: Message): void;
};

export type Dialog = {
  _id: { call_id: string; local_tag: string; remote_tag: string };
  _local_seqnum: number | null;
  _remote_seqnum: number | null | undefined;
  _local_uri: Uri;
  _remote_uri: Uri;
  _remote_target: Uri;
  _route_set: string[];
  /** A re-INVITE of the other side has no final answer yet. */
  uas_pending_reply: boolean;
};

/** Of a request of ours: its client transaction, where it could be sent. */
export type Request = { transaction: { eventHandlers: { onReceiveResponse(response: Message): void } } | null };

export type Session = Emitter & {
  C: { STATUS_CONFIRMED: number; STATUS_TERMINATED: number; STATUS_WAITING_FOR_ACK: number };
  status: number;
  connection: RTCPeerConnection | undefined;
  contact: string;
  direction: 'incoming' | 'outgoing';
  remote_identity: { uri: Uri; display_name: string | null };
  answer(options: object): void;
  terminate(options?: { status_code?: number; cause?: string }): void;
  refer(target: Uri, options: object): Emitter;
  sendRequest(
    method: string,
    options?: { body?: string; extraHeaders?: string[]; eventHandlers?: Handlers },
  ): Request | undefined;
  emit(event: string, data: object): void;
  onTransportError(): void;
  onRequestTimeout(): void;
  onDialogError(): void;
  _dialog: Dialog | undefined;
  _request: { call_id: string } | undefined;
  _timers: Record<string, ReturnType<typeof setTimeout> | null>;
  _status: number;
  _is_confirmed: boolean;
  _id: string;
  _from_tag: string;
  _to_tag: string;
  _direction: string;
  _contact: string;
  _rtcReady: boolean;
  _localMediaStream: MediaStream;
  _createDialog(message: object, type: 'UAC' | 'UAS'): boolean;
  _createRTCConnection(config: RTCConfiguration): void;
  _setLocalMediaStatus(): void;
};

export type Agent = Emitter & {
  contact: { toString(options: { outbound: boolean }): string };
  transport: { connect(): void; isConnected(): boolean };
  _sessions: Record<string, Session>;
  start(): void;
  call(target: string, options: object): Session;
  sendMessage(target: string, body: string, options: object): unknown;
  sendOptions(target: Uri, body: null, options: object): unknown;
  registrator(): {
    setExtraHeaders(headers: string[]): void;
    register(): void;
    _registered: boolean;
    _registering: boolean;
    _expires: number;
  };
};

export type JsSip = {
  UA: new (configuration: object) => Agent;
  RTCSession: new (agent: Agent) => Session;
  URI: { parse(text: string): Uri | undefined };
};

/** Its code is asked for when somebody telephones, and not before. */
export const loadJsSip = async (): Promise<JsSip> => (await import('jssip')).default as unknown as JsSip;
