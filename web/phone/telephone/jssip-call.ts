import type { Direction, SoundDirection } from '../call/call-state.ts';
import type { Emitter, JsSip, Message, Session, Uri } from './jssip.ts';
import { answerWithin, gathered, quietMs, soundOf } from './offer.ts';
import type { Offer, OfferResult, SipAnswer, SipCall, SipCallEvents } from './sip.ts';
import { sleep } from './sleep.ts';

/** A call of JsSIP's as our own. Once it is confirmed, nothing but a person or the other side ends it. */

export type CallDeps = {
  library: Pick<JsSip, 'URI'>;
  iceServers: readonly RTCIceServer[];
  /** Who has called, which is not told by a session that goes on with a call of another page. */
  direction?: Direction;
};

export function wrapCall({ library, iceServers, direction: way }: CallDeps, session: Session, callId: string): SipCall {
  let events: SipCallEvents | null = null;
  let offers: Promise<unknown> = Promise.resolve();
  let isOffering = false;
  const hangUp = disarm(session, () => events?.trouble());
  let quiet = quietMs(iceServers);

  watch(session, () => events, quiet);
  // JsSIP takes an offer that crosses one of ours, even where it has refused it
  session.on('reinvite', ({ reject }: { reject(options: { status_code: number }): void }) => {
    if (isOffering) reject({ status_code: 491 });
  });

  /** `null` where nothing came back. */
  function ask(method: string, body: string, extraHeaders: string[]): Promise<SipAnswer | null> {
    return new Promise((resolve) => {
      if (session._dialog === undefined) return resolve(null);
      const answered = (response: Message) => resolve(answerOf(response));
      const none = () => resolve(null);
      session.sendRequest(method, {
        body,
        extraHeaders,
        eventHandlers: {
          onSuccessResponse: answered,
          onErrorResponse: answered,
          onDialogError: answered,
          onTransportError: none,
          onRequestTimeout: none,
        },
      });
    });
  }

  /** Two offers that cross are both refused, and each side comes again after a time of its own (RFC 3261, 14.1). */
  async function offerInTurn(wanted: Offer): Promise<OfferResult> {
    const isCaller = (way ?? session.direction) === 'outgoing';
    for (let attempt = 1; ; attempt += 1) {
      const result = await offerNow(wanted);
      if (result !== 'crossed') return result;
      if (attempt === MAX_CROSSINGS) return 'failed';
      await sleep(isCaller ? 2_100 + Math.random() * 1_900 : Math.random() * 2_000);
    }
  }

  async function offerNow(wanted: Offer): Promise<OfferResult | 'crossed'> {
    const { connection, _dialog: dialog } = session;
    const sound = connection && soundOf(connection);
    if (!connection || !sound || dialog === undefined) return 'gone';
    if (dialog.uas_pending_reply) return 'crossed';
    settle(session);
    const before = sound.direction;
    isOffering = true;
    try {
      const result = await exchange(connection, sound, wanted).catch(failed);
      if (result !== 'applied') await undo(connection, sound, before);
      return result;
    } finally {
      isOffering = false;
    }
  }

  async function exchange(connection: RTCPeerConnection, sound: RTCRtpTransceiver, { restart, direction }: Offer) {
    sound.direction = direction;
    if (restart !== null) {
      // a relay's credentials are good for some hours only
      connection.setConfiguration({ ...connection.getConfiguration(), iceServers: [...restart] });
      quiet = quietMs(restart);
    }
    await connection.setLocalDescription(await connection.createOffer({ iceRestart: restart !== null }));
    await gathered(connection, quiet);
    return invite(connection, direction);
  }

  function invite(connection: RTCPeerConnection, direction: SoundDirection): Promise<OfferResult | 'crossed'> {
    return new Promise((resolve) => {
      let isAnswered = false;
      const onAnswer = async (response: Message) => {
        session.sendRequest('ACK'); // also where the 200 comes again
        if (isAnswered) return;
        isAnswered = true;
        const answer = { type: 'answer', sdp: answerWithin(direction, response.body ?? '') } as const;
        resolve(await connection.setRemoteDescription(answer).then(() => 'applied' as const, failed));
      };
      const request = session.sendRequest('INVITE', {
        body: connection.localDescription?.sdp ?? '',
        extraHeaders: [`Contact: ${session.contact}`, 'Content-Type: application/sdp'],
        eventHandlers: {
          onSuccessResponse: (response) => void onAnswer(response),
          onErrorResponse: () => resolve('failed'),
          onDialogError: ({ status_code }) => resolve(status_code === 481 ? 'gone' : 'failed'),
          onTransportError: () => resolve('failed'),
          onRequestTimeout: () => resolve('failed'),
        },
      });
      // JsSIP sends it again after a second, on both sides, and under the same number
      const handlers = request?.transaction?.eventHandlers;
      const receive = handlers?.onReceiveResponse;
      if (handlers && receive)
        handlers.onReceiveResponse = (response) => (hasCrossed(response) ? resolve('crossed') : receive(response));
    });
  }

  return {
    id: callId,
    remote: remoteOf(session),
    listen: (given) => {
      events = given;
      if (session.connection) given.connection(session.connection);
    },
    connection: () => session.connection ?? null,
    answer: ({ stream, iceServers: servers }) => {
      quiet = quietMs(servers);
      session.answer({ mediaStream: stream, pcConfig: { iceServers: servers } });
    },
    decline: (status) => hangUp(status),
    hangUp: () => hangUp(),
    offer: (wanted) => {
      const result = offers.then(() => offerInTurn(wanted)).catch(failed);
      offers = result;
      return result;
    },
    info: (contentType, body) => ask('INFO', body, [`Content-Type: ${contentType}`]),
    refer: (target) => refer(session, library.URI.parse(target)),
    tones: (keys) => {
      const sender = session.connection?.getSenders().find(({ dtmf }) => dtmf !== null)?.dtmf;
      if (!sender?.canInsertDTMF) return false;
      sender.insertDTMF(sender.toneBuffer + keys);
      return true;
    },
    keep: () => keep(session),
  };
}

/** What was offered is as if it never was: a rollback leaves the direction as it is. */
async function undo(connection: RTCPeerConnection, sound: RTCRtpTransceiver, before: RTCRtpTransceiverDirection) {
  if (connection.signalingState === 'have-local-offer') await connection.setLocalDescription({ type: 'rollback' });
  if (connection.signalingState !== 'closed') sound.direction = before;
}

/** With the waits between, a person waits for a hold no longer than 8 s. */
const MAX_CROSSINGS = 3;
const failed = (): OfferResult => 'failed';

/** The other side has an offer of its own under way (RFC 3261, 14.2). */
const hasCrossed = (response: Message): boolean =>
  response.status_code === 491 || (response.status_code === 500 && response.getHeader('Retry-After') !== undefined);

const remoteOf = ({ remote_identity: { uri, display_name } }: Session) => {
  return { user: decode(uri.user ?? ''), name: display_name ?? '' };
};

/** A user part may be written with escapes, and with broken ones too. */
function decode(user: string): string {
  try {
    return decodeURIComponent(user);
  } catch {
    return user;
  }
}

/**
 * JsSIP ends a confirmed call where a request of it fails, where ICE fails, and where its own offer is refused. The
 * answer is the way to hang up that is left.
 */
function disarm(session: Session, onTrouble: () => void): (status?: number) => void {
  const terminate = session.terminate.bind(session);
  const end = session.onTransportError.bind(session);
  const isConfirmed = () => session._is_confirmed && session.status !== session.C.STATUS_TERMINATED;
  // it would switch our microphone by what it believes of holds
  session._setLocalMediaStatus = () => {};
  session.terminate = (options) => (isConfirmed() ? onTrouble() : terminate(options));
  for (const name of ['onTransportError', 'onRequestTimeout', 'onDialogError'] as const)
    session[name] = () => (isConfirmed() ? onTrouble() : end());
  return (status) => {
    if (session.status !== session.C.STATUS_TERMINATED) terminate(status === undefined ? {} : { status_code: status });
  };
}

/** A 200 of ours whose ACK was lost with the connection would end the call after half a minute. */
function settle(session: Session): void {
  if (!session._is_confirmed || session.status !== session.C.STATUS_WAITING_FOR_ACK) return;
  for (const name of ['ackTimer', 'invite2xxTimer']) clearTimeout(session._timers[name] ?? undefined);
  session._status = session.C.STATUS_CONFIRMED;
}

type Ended = { originator: string; message: Message | null; cause: string };

function watch(session: Session, events: () => SipCallEvents | null, quiet: number): void {
  const hook = (connection: RTCPeerConnection) => {
    events()?.connection(connection);
    connection.addEventListener('signalingstatechange', () => {
      const direction = connection.signalingState === 'stable' ? soundOf(connection)?.currentDirection : null;
      if (direction && direction !== 'stopped') events()?.sound(direction);
    });
  };
  if (session.connection) hook(session.connection);
  session.on('peerconnection', ({ peerconnection }: { peerconnection: RTCPeerConnection }) => hook(peerconnection));
  let timer: ReturnType<typeof setTimeout> | undefined;
  session.on('icecandidate', ({ ready }: { ready: () => void }) => {
    clearTimeout(timer);
    timer = setTimeout(ready, quiet);
  });
  session.on('progress', ({ originator, response }: { originator: string; response: Message | null }) => {
    if (originator === 'remote') events()?.rings(Boolean(response?.body));
  });
  session.on('confirmed', () => events()?.answered());
  session.on('ended', ({ originator, message }: Ended) => {
    if (originator === 'remote') events()?.theyEnd(message?.getHeader('X-Krypton-Reason') ?? null, false);
  });
  session.on('failed', ({ originator, message, cause }: Ended) => {
    if (originator === 'local' && (cause === 'Canceled' || cause === 'Rejected')) return; // by us
    if (message?.method === 'CANCEL')
      events()?.theyEnd(null, /cause\s*=\s*200/i.test(message.getHeader('Reason') ?? ''));
    else events()?.failed(message?.status_code ?? null, message?.getHeader('X-Krypton-Reason') ?? null);
  });
}

export const answerOf = (response: Message): SipAnswer => ({
  status: response.status_code,
  phrase: response.reason_phrase,
  header: (name) => response.getHeader(name) ?? null,
});

function refer(session: Session, target: Uri | undefined): Promise<SipAnswer | null> {
  return new Promise((resolve) => {
    if (target === undefined) return resolve(null);
    const subscriber: Emitter = session.refer(target, {});
    const failed = ({ response }: { response: Message | null }) => resolve(response ? answerOf(response) : null);
    subscriber.on('requestSucceeded', failed);
    subscriber.on('requestFailed', failed);
  });
}

function keep({ _dialog: dialog, _is_confirmed }: Session) {
  if (dialog === undefined || !_is_confirmed) return null;
  return {
    callId: dialog._id.call_id,
    localTag: dialog._id.local_tag,
    remoteTag: dialog._id.remote_tag,
    localSequence: dialog._local_seqnum ?? 1,
    remoteSequence: dialog._remote_seqnum ?? null,
    localUri: dialog._local_uri.toString(),
    remoteUri: dialog._remote_uri.toString(),
    remoteTarget: dialog._remote_target.toString(),
    routes: dialog._route_set,
  };
}
