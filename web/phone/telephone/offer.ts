import type { SoundDirection } from '../call/call-state.ts';

/** After the first candidate the others of the same machine follow at once; a relay takes a round trip more. */
const QUIET_MS = 100;
const RELAY_QUIET_MS = 1_000;
/** A machine without any network has no candidate at all. */
const LIMIT_MS = 2_000;

/** So long we wait after each candidate for the next one. */
export const quietMs = (iceServers: readonly RTCIceServer[]): number =>
  iceServers.length > 0 ? RELAY_QUIET_MS : QUIET_MS;

/** What we are told before all candidates are there would leave out those that come later. */
export function gathered(connection: RTCPeerConnection, quiet: number): Promise<void> {
  return new Promise((resolve) => {
    if (connection.iceGatheringState === 'complete') return resolve();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = setTimeout(done, LIMIT_MS);
    function done(): void {
      clearTimeout(timer);
      clearTimeout(limit);
      connection.removeEventListener('icecandidate', onCandidate);
      resolve();
    }
    function onCandidate({ candidate }: RTCPeerConnectionIceEvent): void {
      clearTimeout(timer);
      if (candidate === null) done();
      else timer = setTimeout(done, quiet);
    }
    connection.addEventListener('icecandidate', onCandidate);
  });
}

/** What may be answered to what was offered (RFC 3264, 6.1); some gateways answer a hold as if it were none. */
const mayAnswer: Record<SoundDirection, readonly SoundDirection[]> = {
  sendrecv: ['sendrecv', 'sendonly', 'recvonly', 'inactive'],
  sendonly: ['recvonly', 'inactive'],
  recvonly: ['sendonly', 'inactive'],
  inactive: ['inactive'],
};

/** The answer, its direction set right where it takes more than was offered. */
export function answerWithin(offered: SoundDirection, sdp: string): string {
  const found = /^a=(sendrecv|sendonly|recvonly|inactive)(?=\r?$)/m;
  const answered = (found.exec(sdp)?.[1] ?? 'sendrecv') as SoundDirection;
  const allowed = mayAnswer[offered];
  if (allowed.includes(answered)) return sdp;
  const [right] = allowed;
  return found.test(sdp) ? sdp.replace(found, `a=${right}`) : `${sdp}a=${right}\r\n`;
}

/** The transceiver that carries the sound: a call has one. */
export const soundOf = (connection: RTCPeerConnection): RTCRtpTransceiver | undefined =>
  connection.getTransceivers().find(({ receiver }) => receiver.track.kind === 'audio');
