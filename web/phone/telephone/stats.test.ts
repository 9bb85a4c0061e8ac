import { expect, test } from 'vitest';
import { readSample } from './stats.ts';

const before = {
  type: 'inbound-rtp',
  kind: 'audio',
  packetsReceived: 500,
  packetsLost: 5,
  lastPacketReceivedTimestamp: 1,
};
const now = { type: 'inbound-rtp', kind: 'audio', packetsReceived: 20, packetsLost: 1, lastPacketReceivedTimestamp: 2 };

const sampleOf = (...reports: object[]) => {
  const getStats = async () => new Map(reports.map((report, i) => [String(i), report]));
  return readSample({ getStats } as unknown as RTCPeerConnection, 7);
};

test.each([
  ['the older one first', [before, { ...now, jitter: 0.02, audioLevel: 0.5 }]],
  ['the newer one first', [{ ...now, jitter: 0.02, audioLevel: 0.5 }, before]],
])('a sender that has begun anew goes on counting, and is judged by what comes now: %s', async (_, reports) => {
  expect(await sampleOf(...reports)).toMatchObject({ at: 7, received: 520, lost: 6, jitter: 0.02, level: 0.5 });
});

test('what a browser does not count is no zero', async () => {
  const nothing = { received: null, lost: null, sent: null, jitter: null, roundTrip: null, level: null };
  expect(await sampleOf({ type: 'codec' }, { type: 'inbound-rtp', kind: 'audio' })).toEqual({ at: 7, ...nothing });
});
