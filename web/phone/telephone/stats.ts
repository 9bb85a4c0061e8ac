import type { Sample } from '../call/quality.ts';

type Inbound = { type: 'inbound-rtp'; kind: string } & Partial<
  Record<'packetsReceived' | 'packetsLost' | 'jitter' | 'audioLevel' | 'lastPacketReceivedTimestamp', number>
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
  // a sender that begins anew is counted anew, and what it was stays beside it
  const inbound = reports.filter((report) => report.type === 'inbound-rtp' && report.kind === 'audio') as Inbound[];
  sample.received = sumOf(inbound, 'packetsReceived');
  sample.lost = sumOf(inbound, 'packetsLost');
  const newest = inbound.toSorted((a, b) => lastOf(b) - lastOf(a))[0];
  sample.jitter = newest?.jitter ?? null;
  sample.level = newest?.audioLevel ?? null;
  for (const report of reports) {
    if (report.type === 'outbound-rtp' && report.kind === 'audio') sample.sent = report.packetsSent ?? null;
    if (report.type === 'remote-inbound-rtp') sample.roundTrip ??= report.roundTripTime ?? null;
    if (report.type === 'candidate-pair' && report.nominated) sample.roundTrip ??= report.currentRoundTripTime ?? null;
  }
  return sample;
}

const lastOf = ({ lastPacketReceivedTimestamp = 0 }: Inbound) => lastPacketReceivedTimestamp;

function sumOf(inbound: readonly Inbound[], name: 'packetsReceived' | 'packetsLost'): number | null {
  const counted = inbound.flatMap(({ [name]: count }) => count ?? []);
  return counted.length === 0 ? null : counted.reduce((sum, count) => sum + count);
}
