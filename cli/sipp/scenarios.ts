/** What SIPp is told to do, as its XML: a telephone that is not ours. */

export type Party = { domain: string; user: string };

/** How a call goes on once it is answered. */
export type Talk =
  /** The caller hangs up after so long. */
  | { hangUpAfterMs: number }
  /** The other side, or the proxy, hangs up. */
  | { waitMs: number };

const scenario = (name: string, ...steps: string[]) =>
  ['<?xml version="1.0" encoding="UTF-8" ?>', `<scenario name="${name}">`, ...steps, '</scenario>', ''].join('\n');

const send = (lines: readonly string[], attributes = '') =>
  `<send${attributes}><![CDATA[\n\n${lines.join('\n')}\n\n]]></send>`;

const headersOf = (headers: Record<string, string>) =>
  Object.entries(headers).map(([name, value]) => `${name}: ${value}`);

const via = 'Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport';

export const registerScenario = ({ domain, user }: Party, headers: Record<string, string>): string =>
  scenario(
    'register',
    send(
      [
        `REGISTER sip:${domain} SIP/2.0`,
        via,
        'Max-Forwards: 70',
        `From: <sip:${user}@${domain}>;tag=[call_number]r`,
        `To: <sip:${user}@${domain}>`,
        'Call-ID: [call_id]',
        'CSeq: [cseq] REGISTER',
        `Contact: <sip:${user}@[local_ip]:[local_port]>`,
        'Expires: 300',
        ...headersOf(headers),
        'Content-Length: 0',
      ],
      ' retrans="500"',
    ),
    provisional(['100']),
    refusals('end'),
    '<recv response="200"/>',
    '<label id="end"/>',
  );

const sound = [
  'v=0',
  'o=sipp 1 1 IN IP[local_ip_type] [local_ip]',
  's=-',
  'c=IN IP[media_ip_type] [media_ip]',
  't=0 0',
  'm=audio [media_port] RTP/AVP 0',
  'a=rtpmap:0 PCMU/8000',
  'a=sendrecv',
];

const provisional = (statuses: readonly string[]) =>
  statuses.map((status) => `<recv response="${status}" optional="true"/>`).join('\n');

/** A refusal is an answer: it ends the scenario, and what it was is in what was received. */
const refusals = (label: string) =>
  ['400', '401', '402', '403', '404', '408', '480', '481', '486', '487', '500', '503']
    .map((status) => `<recv response="${status}" optional="true" next="${label}"/>`)
    .join('\n');

/** `from`: who the caller says they are, which may be a lie. */
export function callScenario(
  { domain, user, from = user, to }: Party & { from?: string; to: string },
  talk: Talk,
  headers: Record<string, string> = {},
): string {
  const dialog = (cseq: string) => [
    'Max-Forwards: 70',
    `From: <sip:${from}@${domain}>;tag=[call_number]c`,
    `To: <sip:${to}@${domain}>[peer_tag_param]`,
    'Call-ID: [call_id]',
    `CSeq: ${cseq}`,
  ];
  const contact = `Contact: <sip:${user}@[local_ip]:[local_port]>`;
  const invite = [
    `INVITE sip:${to}@${domain} SIP/2.0`,
    via,
    ...dialog('1 INVITE'),
    contact,
    ...headersOf(headers),
    'Content-Type: application/sdp',
    'Content-Length: [len]',
    '',
    ...sound,
  ];
  const end =
    'hangUpAfterMs' in talk
      ? [
          `<pause milliseconds="${talk.hangUpAfterMs}"/>`,
          send(['BYE [next_url] SIP/2.0', via, '[routes]', ...dialog('2 BYE'), 'Content-Length: 0'], ' retrans="500"'),
          '<recv response="200"/>',
        ]
      : [`<recv request="BYE" timeout="${talk.waitMs}"/>`, answer('200 OK', [])];
  return scenario(
    'call',
    send(invite, ' retrans="500"'),
    provisional(['100', '180', '183']),
    refusals('refused'),
    '<recv response="200" rrs="true"/>',
    send(['ACK [next_url] SIP/2.0', via, '[routes]', ...dialog('1 ACK'), 'Content-Length: 0']),
    ...end,
    '<nop next="end"/>',
    '<label id="refused"/>',
    send([`ACK sip:${to}@${domain} SIP/2.0`, '[last_Via:]', ...dialog('1 ACK'), 'Content-Length: 0']),
    '<label id="end"/>',
  );
}

const answer = (status: string, more: readonly string[]) =>
  send([
    `SIP/2.0 ${status}`,
    '[last_Via:]',
    '[last_Record-Route:]',
    '[last_From:]',
    status.startsWith('180') || status === '200 OK' ? '[last_To:]' : '[last_To:];tag=[call_number]a',
    '[last_Call-ID:]',
    '[last_CSeq:]',
    ...(more.length > 0 ? more : ['Content-Length: 0']),
  ]);

/** Rings, answers, and waits until it is hung up. */
export const answerScenario = (): string =>
  scenario(
    'answer',
    '<recv request="INVITE"/>',
    send(
      [
        'SIP/2.0 200 OK',
        '[last_Via:]',
        '[last_Record-Route:]',
        '[last_From:]',
        '[last_To:];tag=[call_number]a',
        '[last_Call-ID:]',
        '[last_CSeq:]',
        'Contact: <sip:sipp@[local_ip]:[local_port]>',
        'Content-Type: application/sdp',
        'Content-Length: [len]',
        '',
        ...sound,
      ],
      ' retrans="500"',
    ),
    '<recv request="ACK"/>',
    '<recv request="BYE"/>',
    answer('200 OK', []),
  );
