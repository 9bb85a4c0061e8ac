import { randomBytes, randomUUID } from 'node:crypto';
import { headerOf, headersOf, readSip, type SipMessage, uriIn, writeSip } from './sip-message.ts';
import type { Receive, SipTransport } from './sip-transport.ts';
import { soundSdp } from './sound.ts';

/** A telephone without sound: what it sends and what it was sent. */
export type Phone = {
  user: string;
  transport: SipTransport;
  /** All requests that it was sent, in order, those that were sent again left out. */
  requests: SipMessage[];
  register(headers?: Record<string, string>, options?: { expires?: number }): Promise<SipMessage>;
  /** Sends a request outside of any dialog, and answers its final response. */
  request(method: string, to: string, options?: RequestOptions): Promise<SipMessage>;
  /** Calls, and answers the final response, acknowledged. */
  call(to: string, options?: RequestOptions): Promise<{ answer: SipMessage; dialog: Dialog }>;
  /** Inside of a dialog. */
  inDialog(dialog: Dialog, method: string, options?: RequestOptions): Promise<SipMessage>;
  /** Waits for a request that was sent to it, of this call or of any, or answers one that it has got. */
  waitFor(method: string, limitMs?: number, callId?: string): Promise<SipMessage>;
  close(): void;
};

export type RequestOptions = {
  headers?: Record<string, string>;
  body?: string;
  type?: string;
  callId?: string;
  /** Takes it back once this provisional answer has come (RFC 3261, 9.1: not before one), so many milliseconds later. */
  cancel?: { on: 100 | 180; afterMs: number };
  /** Is told of what comes before the final answer. */
  onProvisional?: (answer: SipMessage) => void;
  /** Waits so long for the final answer. */
  limitMs?: number;
};

/** What both sides of a call keep of it. */
export type Dialog = { callId: string; local: string; remote: string; target: string; routes: string[]; seq: number };

export type PhoneOptions = {
  domain: string;
  user: string;
  open: (receive: Receive) => Promise<SipTransport>;
  /** What it answers to an INVITE; it rings first. 0: it only rings. */
  answer?: number;
  /** Its `+sip.instance`: the same for each connection of a device. */
  device?: string;
  /** It rings so long. */
  ringMs?: number;
  /** What it says with it. */
  phrase?: string;
  /** What it offers and answers; left out: sound at a port where nobody is. */
  sdp?: string;
};

/**
 * What a network takes. Kamailio 5.6 ends a call with a BYE to each side, one after the other, and sends none to the
 * second side where the answer of the first is there before.
 */
const WAY_MS = 100;
const ANSWER_LIMIT_MS = 20_000;

export async function openPhone({
  domain,
  user,
  open,
  answer = 200,
  device = `<urn:uuid:${randomUUID()}>`,
  ringMs = 50,
  phrase = answer === 200 ? 'OK' : 'No',
  sdp = soundSdp(40_000),
}: PhoneOptions): Promise<Phone> {
  const waiting = new Map<string, (message: SipMessage) => void>();
  const requests: SipMessage[] = [];
  const answered = new Map<string, string>();
  const listeners = new Set<(message: SipMessage) => void>();
  const transport = await open((text) => {
    if (text.trim() === '') return; // a keep-alive
    const message = readSip(text);
    if (message.method === null) waiting.get(`${branchOf(message)} ${methodOf(message)}`)?.(message);
    else take(message);
  });
  const contact = `<sip:${user}@${transport.local};transport=${transport.name.toLowerCase()}>`;

  function take(message: SipMessage): void {
    const key = `${branchOf(message)} ${message.method}`;
    const before = answered.get(key);
    if (before !== undefined) {
      if (before !== '') transport.send(before);
      return;
    }
    answered.set(key, '');
    requests.push(message);
    for (const listener of listeners) listener(message);
    if (message.method === 'ACK') return;
    if (message.method === 'INVITE') {
      respond(message, 180, 'Ringing');
      if (answer > 0) setTimeout(() => respond(message, answer, phrase), ringMs);
      return;
    }
    if (message.method === 'CANCEL') {
      const invite = requests.find((each) => each.method === 'INVITE' && branchOf(each) === branchOf(message));
      if (invite) respond(invite, 487, 'Request Terminated');
    }
    if (message.method === 'BYE') setTimeout(() => respond(message, 200, 'OK'), WAY_MS);
    else respond(message, 200, 'OK');
  }

  function respond(message: SipMessage, status: number, phrase: string): void {
    const copied = ['Via', 'Record-Route', 'From', 'Call-ID', 'CSeq'].flatMap((name) =>
      headersOf(message, name).map((value) => [name, value] as const),
    );
    const to = headerOf(message, 'To') ?? '';
    const tagged = /;tag=/.test(to) ? to : `${to};tag=${tagOf(message)}`;
    const body = message.method === 'INVITE' && status === 200 ? sdp : '';
    const more: [string, string][] = [
      ['To', tagged],
      ['Contact', contact],
    ];
    if (body) more.push(['Content-Type', 'application/sdp']);
    const text = writeSip(`SIP/2.0 ${status} ${phrase}`, [...copied, ...more], body);
    answered.set(`${branchOf(message)} ${message.method}`, text);
    transport.send(text);
  }

  /** The final answer to what was sent; sent again over UDP until there is any. */
  function exchange(
    text: string,
    branch: string,
    onProvisional?: (answer: SipMessage) => void,
    limitMs = ANSWER_LIMIT_MS,
  ): Promise<SipMessage> {
    return new Promise((resolve, reject) => {
      const done = () => {
        clearTimeout(limit);
        clearInterval(again);
      };
      const limit = setTimeout(() => {
        done();
        reject(new Error(`no final answer to ${text.split('\r\n')[0]}`));
      }, limitMs);
      const again = setInterval(() => transport.name === 'UDP' && transport.send(text), 1_000);
      waiting.set(`${branch} ${text.split(' ')[0]}`, (message) => {
        clearInterval(again);
        if (message.status < 200) return onProvisional?.(message);
        done();
        resolve(message);
      });
      transport.send(text);
    });
  }

  const via = (branch: string) =>
    ['Via', `SIP/2.0/${transport.name} ${transport.local};branch=${branch};rport`] as const;
  const newBranch = () => `z9hG4bK${randomBytes(8).toString('hex')}`;
  const contents = ({ headers = {}, body = '', type }: RequestOptions) => {
    const own = Object.entries(headers);
    return [...own, ...(body && type ? [['Content-Type', type]] : [])] as [string, string][];
  };

  async function request(method: string, to: string, options: RequestOptions = {}): Promise<SipMessage> {
    const [branch, tag] = [newBranch(), randomBytes(4).toString('hex')];
    const uri = method === 'REGISTER' ? `sip:${domain}` : `sip:${to}@${domain}`;
    const head: [string, string][] = [
      ['Max-Forwards', '70'],
      ['From', `<sip:${user}@${domain}>;tag=${tag}`],
      ['To', `<sip:${to}@${domain}>`],
      ['Call-ID', options.callId ?? randomUUID()],
      ['CSeq', `1 ${method}`],
    ];
    const body = method === 'INVITE' ? sdp : (options.body ?? '');
    const type = method === 'INVITE' ? 'application/sdp' : (options.type ?? 'text/plain');
    const own = contents({ ...options, body, type });
    const withContact = method === 'REGISTER' ? own : [['Contact', contact] as [string, string], ...own];
    const text = writeSip(`${method} ${uri} SIP/2.0`, [via(branch), ...head, ...withContact], body);
    const cancel = () => {
      const cancelled = head.map(([name, value]): [string, string] => [name, name === 'CSeq' ? '1 CANCEL' : value]);
      transport.send(writeSip(`CANCEL ${uri} SIP/2.0`, [via(branch), ...cancelled]));
    };
    const onProvisional = (early: SipMessage) => {
      if (early.status === options.cancel?.on) setTimeout(cancel, options.cancel.afterMs);
      options.onProvisional?.(early);
    };
    const answer = await exchange(text, branch, onProvisional, options.limitMs);
    if (method === 'INVITE' && answer.status >= 300) {
      const kept = head.filter(([name]) => name !== 'CSeq' && name !== 'To');
      const acknowledged: [string, string][] = [...kept, ['To', headerOf(answer, 'To') ?? ''], ['CSeq', '1 ACK']];
      transport.send(writeSip(`ACK ${uri} SIP/2.0`, [via(branch), ...acknowledged]));
    }
    return answer;
  }

  const send = (dialog: Dialog, method: string, branch: string, options: RequestOptions = {}) => {
    const head: [string, string][] = [
      ['Max-Forwards', '70'],
      ...dialog.routes.map((route): [string, string] => ['Route', route]),
      ['From', dialog.local],
      ['To', dialog.remote],
      ['Call-ID', dialog.callId],
      ['CSeq', `${dialog.seq} ${method}`],
    ];
    return writeSip(`${method} ${dialog.target} SIP/2.0`, [via(branch), ...head, ...contents(options)], options.body);
  };

  return {
    user,
    transport,
    requests,
    request,
    register: (headers = {}, { expires = 300 } = {}) => {
      const own = { Contact: `${contact};+sip.instance="${device}"`, Expires: String(expires), ...headers };
      return request('REGISTER', user, { headers: own });
    },
    call: async (to, options = {}) => {
      const given = { ...options, callId: options.callId ?? randomUUID() };
      const answer = await request('INVITE', to, given);
      const dialog: Dialog = {
        callId: given.callId,
        local: headerOf(answer, 'From') ?? '',
        remote: headerOf(answer, 'To') ?? '',
        target: uriIn(headerOf(answer, 'Contact')),
        routes: headersOf(answer, 'Record-Route').toReversed(),
        seq: 1,
      };
      if (answer.status === 200) transport.send(send(dialog, 'ACK', newBranch()));
      return { answer, dialog };
    },
    inDialog: async (dialog, method, options = {}) => {
      dialog.seq += 1;
      const branch = newBranch();
      const isOffer = method === 'INVITE';
      const offer = {
        body: sdp,
        type: 'application/sdp',
        ...options,
        headers: { Contact: contact, ...options.headers },
      };
      const answer = await exchange(send(dialog, method, branch, isOffer ? offer : options), branch);
      if (isOffer && answer.status === 200) transport.send(send(dialog, 'ACK', newBranch()));
      return answer;
    },
    waitFor: (method, limitMs = ANSWER_LIMIT_MS, callId) =>
      new Promise((resolve, reject) => {
        const isMeant = (each: SipMessage) =>
          each.method === method && (callId === undefined || headerOf(each, 'Call-ID') === callId);
        const found = requests.find(isMeant);
        if (found) return resolve(found);
        const limit = setTimeout(() => reject(new Error(`no ${method} within ${limitMs} ms`)), limitMs);
        listeners.add((message) => {
          if (!isMeant(message)) return;
          clearTimeout(limit);
          resolve(message);
        });
      }),
    close: () => transport.close(),
  };
}

const branchOf = (message: SipMessage): string => /branch=([^;,\s]+)/.exec(headerOf(message, 'Via') ?? '')?.[1] ?? '';

/** Of the request that is answered: a CANCEL has the branch of its INVITE. */
const methodOf = (message: SipMessage): string => (headerOf(message, 'CSeq') ?? '').split(' ')[1] ?? '';

/** The same for all answers to one request. */
const tagOf = (message: SipMessage): string => `t${branchOf(message).slice(-12)}`;
