/** What WebRTC has counted of a call's sound. */
export type Sound = {
  packets: number;
  sent: number /** Grows while there is something to be heard. */;
  energy: number;
};

/** Runs in a page. */
export async function soundOf(connection: RTCPeerConnection | null | undefined): Promise<Sound> {
  const sound = { packets: 0, sent: 0, energy: 0 };
  (await connection?.getStats())?.forEach((report) => {
    if (report.type === 'inbound-rtp') {
      // a sender that begins anew is counted anew, and what it was stays beside it
      sound.packets += report.packetsReceived;
      sound.energy += report.totalAudioEnergy ?? 0;
    }
    if (report.type === 'outbound-rtp') sound.sent += report.packetsSent;
  });
  return sound;
}
