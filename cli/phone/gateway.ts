import { createSocket, type RemoteInfo } from 'node:dgram';
import { type Line, openLine } from './line.ts';
import { headerOf, headersOf, readSip, type SipMessage, writeSip } from './sip-message.ts';
import { answerTo } from './sound.ts';

/**
 * Stands in for a gateway to the PSTN: whoever is called rings for a moment, answers with three tones, and then says
 * what is said to it.
 */
export type Gateway = {
  calls(): number;
  /** Of calls that are under way: what each has heard, and which keys were pressed. */
  lines(): Pick<Line, 'heard' | 'keys'>[];
  close(): void;
};

const RING_MS = 500;
/** An answer is sent again until it is acknowledged (RFC 3261: T1 at first, and not for longer than this). */
const AGAIN_MS = 500;
const MAX_AGAIN = 20;

type Leg = { line: Line; timer: NodeJS.Timeout | undefined; invite: SipMessage; answer: string };

export async function openGateway(port: number, say: (text: string) => void): Promise<Gateway> {
  const socket = createSocket('udp4');
  const legs = new Map<string, Leg>();
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, '127.0.0.1', resolve);
  });
  socket.on('message', (data, from) => {
    const message = readSip(data.toString());
    if (message.method !== null) take(message, from);
  });

  function reply(message: SipMessage, from: RemoteInfo, status: string, body = ''): string {
    const copied = ['Via', 'Record-Route', 'From', 'Call-ID', 'CSeq'].flatMap((name) =>
      headersOf(message, name).map((value): [string, string] => [name, value]),
    );
    const to = headerOf(message, 'To') ?? '';
    const own: [string, string][] = [
      ['To', /;tag=/.test(to) ? to : `${to};tag=gw${headerOf(message, 'Call-ID')?.length ?? 0}`],
      ['Contact', `<sip:gateway@127.0.0.1:${port}>`],
      ...(body ? [['Content-Type', 'application/sdp'] as [string, string]] : []),
    ];
    const text = writeSip(`SIP/2.0 ${status}`, [...copied, ...own], body);
    socket.send(text, from.port, from.address);
    return text;
  }

  async function ring(message: SipMessage, from: RemoteInfo, callId: string): Promise<void> {
    const known = legs.get(callId);
    if (known) {
      // a hold, or the same INVITE again
      if (/;tag=/.test(headerOf(message, 'To') ?? '')) answer(known, message, from);
      else if (known.answer) socket.send(known.answer, from.port, from.address);
      return;
    }
    const leg: Leg = { line: await openLine('melody'), timer: undefined, invite: message, answer: '' };
    legs.set(callId, leg);
    reply(message, from, '180 Ringing');
    leg.timer = setTimeout(() => {
      say(`answers a call to ${message.first.split(' ')[1]}`);
      answer(leg, message, from);
    }, RING_MS);
  }

  function answer(leg: Leg, message: SipMessage, from: RemoteInfo): void {
    leg.answer = reply(message, from, '200 OK', answerTo(message.body, leg.line.sdp));
    leg.line.connect(message.body);
    let times = 0;
    clearInterval(leg.timer);
    leg.timer = setInterval(() => {
      times += 1;
      if (times > MAX_AGAIN) return clearInterval(leg.timer);
      return socket.send(leg.answer, from.port, from.address);
    }, AGAIN_MS);
  }

  function end(callId: string): Leg | undefined {
    const leg = legs.get(callId);
    legs.delete(callId);
    clearTimeout(leg?.timer);
    leg?.line.close();
    return leg;
  }

  function take(message: SipMessage, from: RemoteInfo): void {
    const callId = headerOf(message, 'Call-ID') ?? '';
    switch (message.method) {
      case 'INVITE':
        void ring(message, from, callId);
        return;
      case 'ACK':
        clearInterval(legs.get(callId)?.timer);
        return;
      case 'CANCEL': {
        reply(message, from, '200 OK');
        const leg = end(callId);
        if (leg) reply(leg.invite, from, '487 Request Terminated');
        return;
      }
      case 'BYE':
        end(callId);
        say('a call is over');
        reply(message, from, '200 OK');
        return;
      default:
        reply(message, from, '200 OK');
    }
  }

  return {
    calls: () => legs.size,
    lines: () => [...legs.values()].map(({ line }) => line),
    close: () => {
      for (const callId of legs.keys()) end(callId);
      socket.close();
    },
  };
}
