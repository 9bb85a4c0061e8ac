import type { Agent, JsSip, Session } from './jssip.ts';
import type { CallOptions, KeptDialog } from './sip.ts';

/**
 * A session of JsSIP's for a dialog that another page began: as if the answer to its INVITE came now. Its connection
 * for sound is a new one, with keys of its own, which the other side gets by the next offer.
 */
export function sessionOf(
  { RTCSession, URI }: JsSip,
  agent: Agent,
  dialog: KeptDialog,
  { stream, iceServers }: Omit<CallOptions, 'headers'>,
): Session {
  const session = new RTCSession(agent);
  session._id = dialog.callId + dialog.localTag;
  session._from_tag = dialog.localTag;
  session._to_tag = dialog.remoteTag;
  session._direction = 'outgoing';
  session._contact = agent.contact.toString({ outbound: true });
  const uris: Record<string, string> = {
    contact: dialog.remoteTarget,
    from: dialog.localUri,
    to: dialog.remoteUri,
  };
  session._createDialog(
    {
      call_id: dialog.callId,
      from_tag: dialog.localTag,
      to_tag: dialog.remoteTag,
      cseq: dialog.localSequence,
      hasHeader: () => true,
      parseHeader: (name: string) => ({ uri: URI.parse(uris[name] ?? '') }),
      getHeaders: () => [...dialog.routes].reverse(), // an answer has them the other way round
    },
    'UAC',
  );
  if (session._dialog) session._dialog._remote_seqnum = dialog.remoteSequence;
  Object.assign(session, { _remote_identity: { uri: URI.parse(dialog.remoteUri), display_name: null } });
  session._status = session.C.STATUS_CONFIRMED;
  session._is_confirmed = true;
  session._localMediaStream = stream;
  session._createRTCConnection({ iceServers: [...iceServers] });
  for (const track of stream.getAudioTracks()) session.connection?.addTrack(track, stream);
  session._rtcReady = true;
  agent._sessions[session._id] = session;
  return session;
}
