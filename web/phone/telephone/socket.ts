/** A WebSocket as JsSIP wants one, with an end that we decide on: a dead network closes nothing. */
export type Socket = {
  via_transport: string;
  url: string;
  sip_uri: string;
  connect(): void;
  disconnect(): void;
  send(message: string): boolean;
  isConnected(): boolean;
  isConnecting(): boolean;
  onconnect(): void;
  ondisconnect(error: boolean, code?: number, reason?: string): void;
  ondata(data: string | ArrayBuffer): void;
  /** As if the other side had closed it. */
  drop(): void;
};

export function createSocket(url: string): Socket {
  const { protocol, host } = new URL(url);
  let current: WebSocket | null = null;
  const isIn = (state: number) => current !== null && current.readyState === state;

  function forget(): void {
    const old = current;
    current = null;
    old?.close();
  }

  function open(): void {
    forget();
    const opened = new WebSocket(url, 'sip');
    opened.binaryType = 'arraybuffer';
    current = opened;
    // what an old one says late is nothing to us
    opened.onopen = () => opened === current && socket.onconnect();
    opened.onmessage = ({ data }) => opened === current && socket.ondata(data);
    opened.onclose = ({ wasClean, code, reason }) => {
      if (opened !== current) return;
      current = null;
      socket.ondisconnect(!wasClean, code, reason);
    };
  }

  const socket: Socket = {
    via_transport: protocol === 'wss:' ? 'WSS' : 'WS',
    url,
    sip_uri: `sip:${host};transport=ws`,
    connect: open,
    disconnect: forget,
    send: (message) => {
      if (!isIn(WebSocket.OPEN)) return false;
      current?.send(message);
      return true;
    },
    isConnected: () => isIn(WebSocket.OPEN),
    isConnecting: () => isIn(WebSocket.CONNECTING),
    onconnect: () => {},
    ondisconnect: () => {},
    ondata: () => {},
    drop: () => {
      const wasThere = current !== null;
      forget();
      if (wasThere) socket.ondisconnect(true);
    },
  };
  return socket;
}
