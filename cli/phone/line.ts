import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { keyOf, melodyPacket, PACKET_MS, payloadOf, rtpPacket, soundSdp, soundTarget } from './sound.ts';

/** One end of a call's sound. */
export type Line = {
  /** What is said of it to the other side. */
  sdp: string;
  /** Begins to talk to the other side, by its offer or answer. */
  connect(sdp: string): void;
  /** Packets of sound that came, in mu-law. */
  heard: Uint8Array[];
  /** Keys of the dial pad that were pressed at the other end. */
  keys(): string;
  sent(): number;
  /** Falls silent without a word. */
  close(): void;
};

/** Packets that are kept of what was heard: a minute. */
const MAX_HEARD = 3_000;

/**
 * `melody`: three tones, and from then on what is heard comes back, as from an echo test. `tone`: the melody again and
 * again.
 */
export async function openLine(says: 'melody' | 'tone'): Promise<Line> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const source = randomInt(2 ** 32);
  const heard: Uint8Array[] = [];
  const pressed = new Map<number, string>(); // by the moment: the end of each is sent three times
  let [sequence, step] = [0, 0];
  let target: ReturnType<typeof soundTarget> = null;
  let isClosed = false;
  const send = (payload: Uint8Array) => {
    if (target) socket.send(rtpPacket(sequence++, source, payload), target.port, target.host);
  };
  socket.on('message', (packet) => {
    const key = keyOf(packet);
    if (key) pressed.set(key.timestamp, key.key);
    const payload = payloadOf(packet);
    if (!payload) return;
    heard.push(payload);
    if (heard.length > MAX_HEARD) heard.shift();
    if (says === 'melody' && melodyPacket(step) === null) send(payload);
  });
  const ticking = setInterval(() => {
    if (!target) return;
    if (says === 'tone' && melodyPacket(step) === null) step = 0;
    const payload = melodyPacket(step);
    if (!payload) return;
    step += 1;
    send(payload);
  }, PACKET_MS);
  return {
    sdp: soundSdp((socket.address() as AddressInfo).port),
    connect: (sdp) => {
      target = soundTarget(sdp);
    },
    heard,
    keys: () => [...pressed.values()].join(''),
    sent: () => sequence,
    close: () => {
      if (isClosed) return;
      isClosed = true;
      clearInterval(ticking);
      socket.close();
    },
  };
}
