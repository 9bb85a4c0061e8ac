import type { Sample } from '../call/quality.ts';

type Inbound = { type: 'inbound-rtp'; kind: string } & Partial<
  Record<'packetsReceived' | 'packetsLost' | 'jitter' | 'audioLevel', number>
>;
type Outbound = { type: 'outbound-rtp'; kind: string; packetsSent?: number };
type RemoteInbound = { type: 'remote-inbound-rtp'; kind: string; roundTripTime?: number };
type Pair = { type: 'candidate-pair'; nominated?: boolean; currentRoundTripTime?: number };
type Report = Inbound | Outbound | RemoteInbound | Pair | { type: 'other' };

/** What WebRTC has counted of a call's sound by now. Not every browser counts everything. */
export async function readSample(connection: RTCPeerConnection, at: number): Promise<Sample> {
  const sample: Sample = {
    at,
    received: null,
    lost: null,
    sent: null,
    jitter: null,
    roundTrip: null,
    level: null,
  };
  const reports: Report[] = [];
  (await connection.getStats()).forEach((report: Report) => {
    reports.push(report);
  });
  for (const report of reports) {
    if (report.type === 'inbound-rtp' && report.kind === 'audio') {
      sample.received = report.packetsReceived ?? null;
      sample.lost = report.packetsLost ?? null;
      sample.jitter = report.jitter ?? null;
      sample.level = report.audioLevel ?? null;
    }
    if (report.type === 'outbound-rtp' && report.kind === 'audio') sample.sent = report.packetsSent ?? null;
    if (report.type === 'remote-inbound-rtp') sample.roundTrip ??= report.roundTripTime ?? null;
    if (report.type === 'candidate-pair' && report.nominated) sample.roundTrip ??= report.currentRoundTripTime ?? null;
  }
  return sample;
}
