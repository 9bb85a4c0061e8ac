/** SIP messages as text (RFC 3261): as much as a stand-in for a gateway or a phone needs. */

export type SipMessage = {
  /** `INVITE sip:… SIP/2.0` or `SIP/2.0 200 OK` */
  first: string;
  /** Of a request; null: it is an answer. */
  method: string | null;
  /** Of an answer; 0: it is a request. */
  status: number;
  headers: [name: string, value: string][];
  body: string;
};

export function readSip(text: string): SipMessage {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = (end < 0 ? text : text.slice(0, end)).split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const at = line.indexOf(':');
    return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
  });
  const status = Number(/^SIP\/2\.0 (\d{3})/.exec(first)?.[1] ?? 0);
  const method = status === 0 ? (first.split(' ')[0] ?? null) : null;
  return { first, method, status, headers, body: end < 0 ? '' : text.slice(end + 4) };
}

export function writeSip(first: string, headers: readonly (readonly [string, string])[], body = ''): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  return [first, ...lines, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n');
}

const short: Record<string, string> = { v: 'via', f: 'from', t: 'to', i: 'call-id', m: 'contact', l: 'content-length' };
const nameOf = (name: string) => short[name.toLowerCase()] ?? name.toLowerCase();

export const headersOf = ({ headers }: SipMessage, name: string): string[] =>
  headers.filter(([each]) => nameOf(each) === name.toLowerCase()).map(([, value]) => value);

export const headerOf = (message: SipMessage, name: string): string | undefined => headersOf(message, name)[0];

/** The URI between the angle brackets. */
export const uriIn = (value = ''): string => /<([^>]+)>/.exec(value)?.[1] ?? value.split(';')[0] ?? '';
