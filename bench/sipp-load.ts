import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Load by SIPp: so many a second, and how long each answer took. */

export type SippLoad = { perSecond: number; p50Ms: number; p99Ms: number; failed: boolean };

const sound = [
  ...['v=0', 'o=sipp 1 1 IN IP4 [local_ip]', 's=-', 'c=IN IP4 [media_ip]', 't=0 0'],
  ...['m=audio [media_port] RTP/AVP 0', 'a=rtpmap:0 PCMU/8000'],
];
const via = 'Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport';
const message = (lines: readonly string[], attributes = '') =>
  `<send${attributes}><![CDATA[\n\n${lines.join('\n')}\n\n]]></send>`;
const scenario = (...steps: string[]) =>
  ['<?xml version="1.0" encoding="UTF-8" ?>', '<scenario name="load">', ...steps, '</scenario>'].join('\n');

/** Fields of a line: user, session. */
export const registers = (domain: string): string =>
  scenario(
    message(
      [
        `REGISTER sip:${domain} SIP/2.0`,
        via,
        'Max-Forwards: 70',
        `From: <sip:[field0]@${domain}>;tag=[call_number]`,
        `To: <sip:[field0]@${domain}>`,
        'Call-ID: [call_id]',
        'CSeq: 1 REGISTER',
        'Contact: <sip:[field0]@[local_ip]:[local_port]>',
        'Expires: 300',
        'X-Krypton-Session: [field1]',
        'Content-Length: 0',
      ],
      ' retrans="500" start_rtd="1"',
    ),
    '<recv response="100" optional="true"/>',
    '<recv response="200" rtd="1"/>',
  );

/** Fields of a line: user, session, escrow. Talks for a second. */
export function calls(domain: string): string {
  const dialog = (cseq: string) => [
    'Max-Forwards: 70',
    `From: <sip:[field0]@${domain}>;tag=[pid]c[call_number]`,
    `To: <sip:+31201234567@${domain}>[peer_tag_param]`,
    'Call-ID: [call_id]',
    `CSeq: ${cseq}`,
  ];
  return scenario(
    message(
      [
        `INVITE sip:+31201234567@${domain} SIP/2.0`,
        via,
        ...dialog('1 INVITE'),
        'Contact: <sip:[field0]@[local_ip]:[local_port]>',
        'X-Krypton-Escrow: [field2]',
        'Content-Type: application/sdp',
        'Content-Length: [len]',
        '',
        ...sound,
      ],
      ' retrans="500" start_rtd="1"',
    ),
    '<recv response="100" optional="true"/>',
    '<recv response="200" rrs="true" rtd="1"/>',
    message(['ACK [next_url] SIP/2.0', via, '[routes]', ...dialog('1 ACK'), 'Content-Length: 0']),
    '<pause milliseconds="1000"/>',
    message(['BYE [next_url] SIP/2.0', via, '[routes]', ...dialog('2 BYE'), 'Content-Length: 0'], ' retrans="500"'),
    '<recv response="200"/>',
  );
}

/** The gateway's side. */
function answers(): string {
  const copied = ['[last_Via:]', '[last_Record-Route:]', '[last_From:]'];
  return scenario(
    '<recv request="INVITE"/>',
    message(
      [
        'SIP/2.0 200 OK',
        ...copied,
        '[last_To:];tag=[pid]a[call_number]',
        ...['[last_Call-ID:]', '[last_CSeq:]', 'Contact: <sip:gw@[local_ip]:[local_port]>'],
        ...['Content-Type: application/sdp', 'Content-Length: [len]', '', ...sound],
      ],
      ' retrans="500"',
    ),
    '<recv request="ACK" optional="true"/>',
    '<recv request="BYE"/>',
    message(['SIP/2.0 200 OK', ...copied, '[last_To:]', '[last_Call-ID:]', '[last_CSeq:]', 'Content-Length: 0']),
  );
}

const open = (args: readonly string[], cwd: string): ChildProcess =>
  spawn('/usr/bin/sipp', [...args, '-nostdin', '-nd', '-i', '127.0.0.1'], {
    cwd,
    stdio: 'ignore',
    env: { ...process.env, TERM: 'dumb' },
  });

/** Answers all calls at this port until it is stopped. */
export function startAnswering(port: number): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'krypton-sipp-'));
  writeFileSync(join(folder, 'answers.xml'), answers());
  const child = open(['-sf', 'answers.xml', '-p', String(port)], folder);
  return () => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
}

export type LoadPlan = {
  scenario: string;
  /** One for each, in turn. */
  lines: readonly string[];
  proxyPort: number;
  localPort: number;
  perSecond: number;
  seconds: number;
};

export async function load({ scenario, lines, proxyPort, localPort, perSecond, seconds }: LoadPlan): Promise<SippLoad> {
  const folder = mkdtempSync(join(tmpdir(), 'krypton-sipp-'));
  writeFileSync(join(folder, 'load.xml'), scenario);
  writeFileSync(join(folder, 'lines.csv'), `SEQUENTIAL\n${lines.join('\n')}\n`);
  const begin = performance.now();
  const child = open(
    [
      ...[`127.0.0.1:${proxyPort}`, '-sf', 'load.xml', '-inf', 'lines.csv', '-p', String(localPort)],
      ...['-r', String(perSecond), '-m', String(perSecond * seconds), '-l', String(perSecond * 10)],
      ...['-trace_rtt', '-rtt_freq', '1', '-timeout', `${seconds + 20}s`, '-timeout_error'],
    ],
    folder,
  );
  const status = await new Promise((resolve) => child.once('exit', resolve));
  const took = (performance.now() - begin) / 1000;
  const file = readdirSync(folder).find((name) => name.endsWith('_rtt.csv'));
  const times = (file ? readFileSync(join(folder, file), 'utf8').split('\n').slice(1) : [])
    .map((line) => Number(line.split(';')[1]))
    .filter((ms) => !Number.isNaN(ms))
    .toSorted((a, b) => a - b);
  rmSync(folder, { recursive: true, force: true });
  const at = (share: number) => times[Math.floor(times.length * share)] ?? Number.NaN;
  return { perSecond: times.length / took, p50Ms: at(0.5), p99Ms: at(0.99), failed: status !== 0 };
}
