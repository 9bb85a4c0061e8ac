import { createSocket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** How a phone reaches a proxy on this machine: each opening is a connection of its own. */
export type SipTransport = {
  /** As Via names it. */
  name: 'UDP' | 'WS' | 'WSS' | 'TLS';
  /** Host and port that the phone says it has. */
  local: string;
  send(text: string): void;
  close(): void;
};

export type Receive = (text: string) => void;

export async function openUdp(port: number, receive: Receive, own = 0, host = '127.0.0.1'): Promise<SipTransport> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(own, '127.0.0.1', resolve));
  socket.on('message', (data) => receive(data.toString()));
  const { port: local } = socket.address() as AddressInfo;
  let isOpen = true;
  return {
    name: 'UDP',
    local: `127.0.0.1:${local}`,
    send: (text) => isOpen && socket.send(text, port, host), // a phone that is gone says nothing more
    close: () => {
      isOpen = false;
      socket.close();
    },
  };
}

/** RFC 7118. A phone in a browser does not know its address. */
export async function openWebSocket(url: string, receive: Receive): Promise<SipTransport> {
  const socket = new WebSocket(url, 'sip');
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error(`no WebSocket at ${url}`));
  });
  socket.onmessage = ({ data }) => receive(String(data));
  const local = `${Math.random().toString(36).slice(2)}.invalid`;
  const name = url.startsWith('wss:') ? 'WSS' : 'WS';
  return { name, local, send: (text) => socket.send(text), close: () => socket.close() };
}

/** `sips`: messages follow each other in a stream. */
export async function openTls(port: number, authority: string, receive: Receive): Promise<SipTransport> {
  const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: authority });
  await new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  let rest = '';
  socket.on('data', (data) => {
    rest += data.toString();
    for (;;) {
      const end = rest.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/^content-length:\s*(\d+)/im.exec(rest.slice(0, end))?.[1] ?? 0);
      if (rest.length < end + 4 + length) return;
      receive(rest.slice(0, end + 4 + length));
      rest = rest.slice(end + 4 + length);
    }
  });
  const local = `127.0.0.1:${socket.localPort}`;
  return { name: 'TLS', local, send: (text) => socket.write(text), close: () => socket.destroy() };
}
