import { expect, test } from 'vitest';
import {
  answerTo,
  fromMuLaw,
  keyOf,
  melodyPacket,
  payloadOf,
  rtpPacket,
  SAMPLES_PER_PACKET,
  soundSdp,
  soundTarget,
} from './sound.ts';

test('the melody can be heard, at the pitch that it has', () => {
  const packets = Array.from({ length: 20 }, (_, n) => melodyPacket(n) as Uint8Array);
  const samples = packets.flatMap((packet) => [...packet].map(fromMuLaw));
  expect(Math.max(...samples)).toBeGreaterThan(7_500);
  expect(Math.max(...samples)).toBeLessThan(8_500);
  const crossings = samples.filter((sample, i) => i > 0 && sample >= 0 && (samples[i - 1] ?? 0) < 0).length;
  expect(crossings).toBeGreaterThanOrEqual(175); // 440 Hz for 400 ms
  expect(crossings).toBeLessThanOrEqual(177);
  expect(melodyPacket(60)).toBeNull();
});

test('a packet holds what was put into it, and another one is none', () => {
  const sound = melodyPacket(3) as Uint8Array;
  const packet = rtpPacket(70_000, 7, sound);
  expect([packet.length, packet.readUInt16BE(2)]).toEqual([12 + SAMPLES_PER_PACKET, 70_000 & 0xffff]);
  expect([...(payloadOf(packet) ?? [])]).toEqual([...sound]);
  packet[1] = 101; // a DTMF event
  expect(payloadOf(packet)).toBeNull();
});

test('where the sound goes is read from an offer', () => {
  expect(soundTarget(soundSdp(4_000))).toEqual({ host: '127.0.0.1', port: 4_000 });
  expect(soundTarget('v=0')).toBeNull();
});

test('to a hold nothing is said until it is over', () => {
  const held = soundSdp(4_000).replace('a=sendrecv', 'a=sendonly');
  expect(soundTarget(held)).toBeNull();
  expect(answerTo(held, soundSdp(5_000))).toContain('a=recvonly');
  expect(answerTo(soundSdp(4_000), soundSdp(5_000))).toBe(soundSdp(5_000));
  const offered = soundSdp(4_000).replaceAll('101', '126');
  expect(answerTo(offered, soundSdp(5_000))).toBe(soundSdp(5_000).replaceAll('101', '126'));
});

test('a key counts once it is let go', () => {
  const packet = rtpPacket(1, 7, Uint8Array.of(11, 0x0a, 0, 160));
  packet[1] = 101;
  expect(keyOf(packet)).toBeNull();
  packet[13] = 0x8a;
  expect(keyOf(packet)).toEqual({ key: '#', timestamp: 160 });
  expect(keyOf(rtpPacket(1, 7, Uint8Array.of(11, 0x8a, 0, 160)))).toBeNull();
});
