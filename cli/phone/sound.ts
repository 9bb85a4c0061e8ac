/** Sound as a telephone line carries it: G.711 mu-law, 8,000 samples a second, in RTP packets of 20 ms. */

export const SAMPLES_PER_PACKET = 160;
export const PACKET_MS = 20;
const SAMPLE_RATE = 8_000;
const RTP_HEAD = 12;

/** ITU-T G.711: a sample of 14 bits in 8. */
function muLaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), 32_635) + 132;
  const exponent = Math.max(0, 31 - Math.clz32(magnitude) - 7);
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
}

/** The linear sample of a byte of mu-law. */
export function fromMuLaw(byte: number): number {
  const value = ~byte & 0xff;
  const magnitude = (((value & 0x0f) << 3) + 132) << ((value >> 4) & 7);
  return value & 0x80 ? 132 - magnitude : magnitude - 132;
}

/** Three tones up, as an announcement begins; then nothing. */
const melodyHz = [440, 554, 659];
const TONE_MS = 400;
const LOUDNESS = 8_000;

/** The nth packet of the melody; null: it is over. */
export function melodyPacket(n: number): Uint8Array | null {
  const hertz = melodyHz[Math.floor((n * PACKET_MS) / TONE_MS)];
  if (hertz === undefined) return null;
  return Uint8Array.from({ length: SAMPLES_PER_PACKET }, (_, i) => {
    const second = (n * SAMPLES_PER_PACKET + i) / SAMPLE_RATE;
    return muLaw(Math.round(LOUDNESS * Math.sin(2 * Math.PI * hertz * second)));
  });
}

/** RFC 3550: version 2, payload type 0. */
export function rtpPacket(sequence: number, source: number, payload: Uint8Array): Buffer {
  const packet = Buffer.alloc(RTP_HEAD + payload.length);
  packet[0] = 0x80;
  packet.writeUInt16BE(sequence & 0xffff, 2);
  packet.writeUInt32BE((sequence * SAMPLES_PER_PACKET) >>> 0, 4);
  packet.writeUInt32BE(source >>> 0, 8);
  packet.set(payload, RTP_HEAD);
  return packet;
}

/** The sound in an RTP packet of mu-law; null: it is another one. */
export function payloadOf(packet: Uint8Array): Uint8Array | null {
  return packet.length > RTP_HEAD && packet[0] === 0x80 && ((packet[1] ?? 0) & 0x7f) === 0
    ? packet.subarray(RTP_HEAD)
    : null;
}

/** RFC 4733: what a key of the dial pad is sent as. */
const EVENT_TYPE = 101;
const keys = '0123456789*#ABCD';

/** The first of the types that sides agree on for each call. */
const DYNAMIC_TYPE = 96;

/** The key that an RTP packet tells of, once it is let go; null: it is another packet, or the key is still down. */
export function keyOf(packet: Uint8Array): { key: string; timestamp: number } | null {
  const [event = 0, flags = 0] = packet.subarray(RTP_HEAD);
  const type = (packet[1] ?? 0) & 0x7f;
  if (packet.length !== RTP_HEAD + 4 || type < DYNAMIC_TYPE || (flags & 0x80) === 0) return null;
  const key = keys[event];
  const timestamp = new DataView(packet.buffer, packet.byteOffset).getUint32(4);
  return key === undefined ? null : { key, timestamp };
}

/** An offer or answer of such sound at this port of the loopback. */
export const soundSdp = (port: number): string =>
  [
    ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0'],
    ...[`m=audio ${port} RTP/AVP 0 ${EVENT_TYPE}`, 'a=rtpmap:0 PCMU/8000'],
    ...[`a=rtpmap:${EVENT_TYPE} telephone-event/8000`, `a=fmtp:${EVENT_TYPE} 0-15`, 'a=ptime:20', 'a=sendrecv', ''],
  ].join('\r\n');

/** Where the other side wants its sound; null: nowhere, or it holds the call. */
export function soundTarget(sdp: string): { host: string; port: number } | null {
  const host = /^c=IN IP[46] (\S+)/m.exec(sdp)?.[1];
  const port = Number(/^m=audio (\d+)/m.exec(sdp)?.[1] ?? 0);
  const isHeld = /^a=(sendonly|inactive)\r?$/m.test(sdp);
  return host !== undefined && port > 0 && !isHeld ? { host, port } : null;
}

/** Of two sides that hold each other, none talks: what the offer takes away, the answer can't give (RFC 3264). */
const answered = { sendrecv: 'sendrecv', sendonly: 'recvonly', recvonly: 'sendonly', inactive: 'inactive' } as const;

/** Our sound in answer to an offer, which may be a hold, with keys under the number that they were offered by. */
export function answerTo(offer: string, sdp: string): string {
  const keys = /^a=rtpmap:(\d+) telephone-event\/8000/m.exec(offer)?.[1] ?? String(EVENT_TYPE);
  const direction = /^a=(sendrecv|sendonly|recvonly|inactive)\r?$/m.exec(offer)?.[1] ?? 'sendrecv';
  return sdp
    .replace('a=sendrecv', `a=${answered[direction as keyof typeof answered]}`)
    .replace(`RTP/AVP 0 ${EVENT_TYPE}`, `RTP/AVP 0 ${keys}`)
    .replaceAll(`:${EVENT_TYPE} `, `:${keys} `);
}
