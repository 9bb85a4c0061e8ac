import type { Agent, JsSip, Message, Session } from './jssip.ts';
import { answerOf, wrapCall } from './jssip-call.ts';
import type { Sip, SipAnswer, SipEvents, SipSettings } from './sip.ts';
import { createSocket } from './socket.ts';
import { sessionOf } from './take-over.ts';

/** A page may show a call for so long before nobody answers. */
const NO_ANSWER_S = 90;
/** JsSIP's own way to connect again is put off for ever: when, and how often, is decided elsewhere. */
const NEVER_S = 86_400;

/** SIP by JsSIP, over one WebSocket to one provider. */
export function createJsSipLine(library: JsSip, settings: SipSettings, events: SipEvents): Sip {
  const { url, domain, user, instanceId } = settings;
  const socket = createSocket(url);
  // of this installation, so that requests of a call find the page that has taken it over
  const name = instanceId.replaceAll('-', '').slice(0, 12);
  const agent: Agent = new library.UA({
    sockets: [socket],
    uri: `sip:${user}@${domain}`,
    contact_uri: `sip:${name}@${name}.invalid;transport=ws`,
    instance_id: instanceId,
    register: false,
    session_timers: false,
    no_answer_timeout: NO_ANSWER_S,
    connection_recovery_min_interval: NEVER_S,
    connection_recovery_max_interval: NEVER_S,
    user_agent: 'KRYPTON',
  });
  const uriOf = (to: string) => `sip:${to}@${domain}`;
  const proxy = library.URI.parse(`sip:${domain}`);
  let onRegistered: ((answer: SipAnswer | null) => void) | null = null;
  let onConnected: ((isOpen: boolean) => void) | null = null;
  let isStarted = false;

  const registered = (answer: SipAnswer | null) => {
    const tell = onRegistered;
    onRegistered = null;
    tell?.(answer);
  };
  /** Calls that have come in, by JsSIP's own name for each, under which it knows one session. */
  const arrived = new Map<string, Session>();

  /** The same INVITE by another way: a line broke while it rang. The newer one stands until they talk. */
  function admit(session: Session): boolean {
    const [id, before] = [session._id, arrived.get(session._id)];
    if (before?._is_confirmed) {
      session.terminate({ status_code: 482 }); // RFC 3261, 8.2.2.2
      agent._sessions[id] = before;
      return false;
    }
    before?.terminate();
    agent._sessions[id] = session;
    arrived.set(id, session);
    for (const end of ['ended', 'failed']) session.on(end, () => arrived.get(id) === session && arrived.delete(id));
    return true;
  }

  agent.on('connected', () => onConnected?.(true));
  agent.on('disconnected', () => {
    onConnected?.(false);
    events.onClosed();
  });
  agent.on('registered', ({ response }: { response: Message }) => registered(answerOf(response)));
  agent.on('registrationFailed', ({ response }: { response: Message | null }) =>
    registered(response ? answerOf(response) : null),
  );
  agent.on('registrationExpiring', () => events.onExpiring());
  agent.on(
    'newRTCSession',
    (event: { originator: string; session: Session; request: Message & { call_id: string } }) => {
      if (event.originator !== 'remote') return;
      if (!admit(event.session)) return;
      const call = wrapCall({ library, iceServers: [] }, event.session, event.request.call_id);
      events.onCall(call, (header) => event.request.getHeader(header) ?? null);
    },
  );
  agent.on('newMessage', ({ originator, request }: { originator: string; request: Message }) => {
    if (originator !== 'remote') return;
    const contentType = request.getHeader('Content-Type') ?? 'text/plain';
    events.onMessage({ from: request.from.uri.user ?? '', text: request.body ?? '', contentType });
  });

  /** Options of JsSIP's for a request outside of any dialog. */
  const handlers = (resolve: (answer: SipAnswer | null) => void) => ({
    eventHandlers: {
      succeeded: ({ response }: { response: Message }) => resolve(answerOf(response)),
      failed: ({ response }: { response: Message | null }) => resolve(response ? answerOf(response) : null),
    },
  });

  return {
    connect: () => {
      socket.drop();
      onConnected?.(false);
      return new Promise((resolve) => {
        onConnected = (isOpen) => {
          onConnected = null;
          resolve(isOpen);
        };
        if (isStarted) agent.transport.connect();
        else agent.start();
        isStarted = true;
      });
    },
    isOpen: () => socket.isConnected(),
    close: () => socket.drop(),
    register: (headers, expiresS) => {
      const registrator = agent.registrator();
      registered(null);
      return new Promise((resolve) => {
        onRegistered = resolve;
        // JsSIP tells of the first success only, and does not ask while it waits for an answer
        registrator._registered = false;
        registrator._registering = false;
        registrator._expires = expiresS;
        registrator.setExtraHeaders([...headers]);
        registrator.register();
      });
    },
    prove: async () => {
      if (!socket.isConnected() || proxy === undefined) return false;
      const answer = await new Promise<SipAnswer | null>((resolve) =>
        agent.sendOptions(proxy, null, handlers(resolve)),
      );
      return answer !== null;
    },
    call: (to, { stream, iceServers, headers }) => {
      const pcConfig = { iceServers };
      const session = agent.call(uriOf(to), { mediaStream: stream, pcConfig, extraHeaders: [...headers] });
      return wrapCall({ library, iceServers }, session, session._request?.call_id ?? '');
    },
    takeOver: (dialog, { direction, ...options }) => {
      const session = sessionOf(library, agent, dialog, options);
      return wrapCall({ library, iceServers: options.iceServers, direction }, session, dialog.callId);
    },
    send: (to, text) => new Promise((resolve) => agent.sendMessage(uriOf(to), text, handlers(resolve))),
  };
}
