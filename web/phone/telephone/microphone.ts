/** The microphone: one stream for all calls, asked for before the first call and given back after the last one. */
export type Microphone = {
  /** @throws where the person or the system says no */
  open(): Promise<MediaStream>;
  close(): void;
  /** Another one, also during a call. @throws where there is none any more */
  reopen(): Promise<MediaStream>;
  stream(): MediaStream | null;
};

export type MicrophoneEvents = {
  /** The system has taken the sound away, or given it back: nobody pressed anything. */
  onSystemMute(on: boolean): void;
  /** It was pulled out. */
  onLost(): void;
};

const wanted = (deviceId: string | null): MediaStreamConstraints => ({
  audio: {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    ...(deviceId !== null && { deviceId: { ideal: deviceId } }),
  },
});

export function createMicrophone(events: MicrophoneEvents, chosen: () => string | null): Microphone {
  let stream: MediaStream | null = null;
  let opening: Promise<MediaStream> | null = null;

  async function open(): Promise<MediaStream> {
    if (stream?.getAudioTracks().some(({ readyState }) => readyState === 'live')) return stream;
    opening ??= openNow().finally(() => {
      opening = null;
    });
    return opening;
  }

  async function openNow(): Promise<MediaStream> {
    const opened = await navigator.mediaDevices.getUserMedia(wanted(chosen()));
    const [track] = opened.getAudioTracks();
    if (track) {
      track.onmute = () => opened === stream && events.onSystemMute(true);
      track.onunmute = () => opened === stream && events.onSystemMute(false);
      track.onended = () => opened === stream && events.onLost();
    }
    stream = opened;
    return opened;
  }

  function close(): void {
    const old = stream;
    stream = null;
    for (const track of old?.getTracks() ?? []) track.stop();
  }

  return {
    open,
    close,
    reopen: async () => {
      await opening?.catch(() => undefined); // a stream that nobody knows of would never be closed
      close();
      return open();
    },
    stream: () => stream,
  };
}

/** The devices that there are; without permission to listen they have no names. */
export type Devices = { microphones: MediaDeviceInfo[]; speakers: MediaDeviceInfo[] };

export async function devices(): Promise<Devices> {
  const all = await navigator.mediaDevices.enumerateDevices();
  const of = (kind: MediaDeviceKind) => all.filter((each) => each.kind === kind && each.deviceId !== '');
  return { microphones: of('audioinput'), speakers: of('audiooutput') };
}
