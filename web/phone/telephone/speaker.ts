/** The sound of one call that comes to us. */
export type Speaker = {
  play(connection: RTCPeerConnection): void;
  volume(value: number): void;
  /** Null: what the system takes. Whether this browser can choose. */
  use(deviceId: string | null): Promise<boolean>;
  close(): void;
};

export function createSpeaker(onBlocked: () => void): Speaker {
  const audio = document.createElement('audio');
  audio.autoplay = true;
  audio.hidden = true;
  document.body.append(audio);
  const start = (stream: MediaStream) => {
    audio.srcObject = stream;
    // a browser that wants a touch first says so by an error
    audio.play().catch((error) => {
      if (error instanceof DOMException && error.name === 'NotAllowedError') onBlocked();
    });
  };
  return {
    play: (connection) => {
      const [receiver] = connection.getReceivers().filter(({ track }) => track.kind === 'audio');
      if (receiver) start(new MediaStream([receiver.track]));
      connection.addEventListener('track', ({ track }) => track.kind === 'audio' && start(new MediaStream([track])));
    },
    volume: (value) => {
      audio.volume = value;
    },
    use: async (deviceId) => {
      if (!('setSinkId' in audio)) return false;
      await audio.setSinkId(deviceId ?? '');
      return true;
    },
    close: () => {
      audio.srcObject = null;
      audio.remove();
    },
  };
}
