/** What a telephone sounds like, made here: no file to load, and nothing that a page must ask anybody for. */

/** A chord that goes on and off, as seconds. */
type Pattern = { hertz: readonly number[]; on: number; off: number; loudness: number };

const patterns = {
  /** Here: somebody calls. */
  ringing: { hertz: [659, 784, 988], on: 1, off: 1.5, loudness: 0.25 },
  /** There: it rings (the tone of most of Europe). */
  ringback: { hertz: [425], on: 1, off: 3, loudness: 0.08 },
  /** A second call comes in during the first one. */
  waiting: { hertz: [425], on: 0.2, off: 4, loudness: 0.06 },
  busy: { hertz: [425], on: 0.5, off: 0.5, loudness: 0.08 },
  /** Nearly no money left; the microphone was taken away. */
  beep: { hertz: [880], on: 0.25, off: 0.1, loudness: 0.15 },
} as const satisfies Record<string, Pattern>;
export type Tone = keyof typeof patterns;

export type Bell = {
  /** After a touch, so that the browser lets it ring; whether it may. */
  unlock(): Promise<boolean>;
  mayRing(): boolean;
  /** Until it is stopped, or so many times. */
  play(tone: Tone, times?: number): () => void;
  use(deviceId: string | null): Promise<void>;
};

/** Nobody hears a bell for longer. */
const MAX_TIMES = 60;
/** A tone that begins at once clicks. */
const EDGE_S = 0.02;

export function createBell(): Bell {
  let context: (AudioContext & { setSinkId?(id: string): Promise<void> }) | null = null;
  const open = () => {
    context ??= new AudioContext();
    return context;
  };

  function sound(audio: AudioContext, { hertz, on, loudness }: Pattern, at: number): OscillatorNode[] {
    const gain = audio.createGain();
    gain.connect(audio.destination);
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(loudness / hertz.length, at + EDGE_S);
    gain.gain.setValueAtTime(loudness / hertz.length, at + on - EDGE_S);
    gain.gain.linearRampToValueAtTime(0, at + on);
    return hertz.map((frequency) => {
      const oscillator = audio.createOscillator();
      oscillator.frequency.value = frequency;
      oscillator.connect(gain);
      oscillator.start(at);
      oscillator.stop(at + on);
      return oscillator;
    });
  }

  return {
    unlock: async () => {
      const audio = open();
      if (audio.state !== 'running') await audio.resume();
      return audio.state === 'running';
    },
    mayRing: () => context?.state === 'running',
    play: (tone, times = MAX_TIMES) => {
      const audio = open();
      const pattern = patterns[tone];
      let [left, playing, timer] = [times, [] as OscillatorNode[], undefined as number | undefined];
      const again = () => {
        if (left === 0) return;
        left -= 1;
        playing = sound(audio, pattern, audio.currentTime);
        timer = window.setTimeout(again, (pattern.on + pattern.off) * 1000);
      };
      void audio.resume();
      again();
      return () => {
        left = 0;
        clearTimeout(timer);
        for (const oscillator of playing) oscillator.stop();
      };
    },
    use: async (deviceId) => {
      await open().setSinkId?.(deviceId ?? '');
    },
  };
}
