import JsSIP from 'jssip';
import { type Sound, soundOf } from '../sound.ts';

/**
 * User agents that are not ours: JsSIP as it comes. All that they know of KRYPTON is headers, which a test gives them.
 * Each has a WebSocket of its own, and answers whoever calls.
 */

type Session = ReturnType<JsSIP.UA['call']>;
type Agent = {
  ua: JsSIP.UA;
  registered: (answer: Answer) => void;
  messages: (string | undefined)[];
  session: Session | null;
};

/** What a response says, as JsSIP shows it. */
export type Answer = { status: number; cause: string | null; headers: Record<HeaderName, string | null> };
const headerNames = ['Reason', 'Nonce', 'Provider', 'Network', 'Contract', 'Session', 'Voucher-Interval'] as const;
type HeaderName = (typeof headerNames)[number];

type Response = { status_code?: number; getHeader(name: string): string | undefined } | null | undefined;

function answerOf(response: Response, cause: string | null = null): Answer {
  const headers = headerNames.map((name) => [name, response?.getHeader(`X-Krypton-${name}`) ?? null]);
  return { status: response?.status_code ?? 0, cause, headers: Object.fromEntries(headers) };
}

const agents: Agent[] = [];
const agentOf = (index: number): Agent => {
  const agent = agents[index];
  if (!agent) throw new RangeError(`there is no agent ${index}`);
  return agent;
};
const domain = 'krypton.test';

/** Answers the agent's number, once it is connected. */
export async function open(url: string, user: string): Promise<number> {
  const sockets = [new JsSIP.WebSocketInterface(url)];
  const ua = new JsSIP.UA({ sockets, uri: `sip:${user}@${domain}`, register: false });
  const agent: Agent = { ua, registered: () => {}, messages: [], session: null };
  ua.on('registered', ({ response }) => agent.registered(answerOf(response)));
  ua.on('registrationFailed', ({ response, cause = null }) => agent.registered(answerOf(response, cause)));
  ua.on('newMessage', ({ originator, request }: { originator: string; request: { body?: string } }) => {
    if (originator === 'remote') agent.messages.push(request.body);
  });
  ua.on('newRTCSession', ({ originator, session }: { originator: string; session: Session }) => {
    agent.session = session;
    if (originator === 'remote') session.answer(sound);
    play(session);
  });
  await new Promise<void>((resolve) => {
    ua.once('connected', () => resolve());
    ua.start();
  });
  return agents.push(agent) - 1;
}

const sound = { mediaConstraints: { audio: true, video: false } };

/** What nobody listens to is not decoded. */
function play(session: Session): void {
  const listen = (connection: RTCPeerConnection) =>
    connection.addEventListener('track', ({ track }) => {
      const audio = new Audio();
      audio.srcObject = new MediaStream([track]);
      void audio.play();
    });
  if (session.connection) listen(session.connection);
  else session.on('peerconnection', ({ peerconnection }) => listen(peerconnection));
}

type Headers = Record<string, string>;
const linesOf = (headers: Headers) => Object.entries(headers).map(([name, value]) => `${name}: ${value}`);

export function register(index: number, headers: Headers): Promise<Answer> {
  const agent = agentOf(index);
  agent.ua.registrator().setExtraHeaders(linesOf(headers));
  return new Promise((resolve) => {
    agent.registered = resolve;
    agent.ua.register();
  });
}

/** Calls, and answers the Call-ID once somebody has picked up. @throws what the refusal says */
export function call(index: number, to: string, headers: Headers): Promise<string> {
  const { ua } = agentOf(index);
  return new Promise((resolve, reject) => {
    let callId = '';
    ua.once('newRTCSession', ({ request }) => {
      callId = request.call_id;
    });
    const eventHandlers = {
      confirmed: () => resolve(callId),
      failed: ({ message }: { message: Response }) => {
        const { status, headers } = answerOf(message);
        reject(new Error(`${status} ${headers.Reason}`));
      },
    };
    ua.call(`sip:${to}@${domain}`, { ...sound, extraHeaders: linesOf(headers), eventHandlers });
  });
}

export const isInCall = (index: number): boolean => agentOf(index).session?.isEstablished() ?? false;
export const hangUp = (index: number): void => agentOf(index).session?.terminate();
export const counted = (index: number): Promise<Sound> => soundOf(agentOf(index).session?.connection);
export const messages = (index: number) => agentOf(index).messages;
