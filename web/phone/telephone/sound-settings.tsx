import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useId } from 'preact/hooks';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { t } from '../../ui/strings/strings.ts';
import { toast } from '../../ui/toast.tsx';
import { type Devices, devices } from './microphone.ts';
import { bell, phone, microphone as theMicrophone, unlockBell } from './phone.ts';
import { chooseSound, soundChoice } from './sound-choice.ts';

/** Devices, volume, and whether both sides can be heard at all. */
export function SoundSettings() {
  const words = t.value.telephone;
  const found = useSignal<Devices>({ microphones: [], speakers: [] });
  const id = useId();
  useEffect(() => {
    const look = () =>
      void devices().then((all) => {
        found.value = all;
      });
    look();
    navigator.mediaDevices?.addEventListener('devicechange', look);
    return () => navigator.mediaDevices?.removeEventListener('devicechange', look);
  }, []);
  const { microphone, speaker, ringer, volume } = soundChoice.value;
  const useMicrophone = (chosen: string | null) => {
    chooseSound({ microphone: chosen });
    void phone.value?.changeMicrophone();
  };
  const useRinger = (chosen: string | null) => {
    chooseSound({ ringer: chosen });
    void bell.use(chosen);
  };
  return (
    <div class="stack">
      <Device label={words.microphone} of={found.value.microphones} value={microphone} onChange={useMicrophone} />
      <Device
        label={words.speaker}
        of={found.value.speakers}
        value={speaker}
        onChange={(chosen) => chooseSound({ speaker: chosen })}
      />
      <Device label={words.ringer} of={found.value.speakers} value={ringer} onChange={useRinger} />
      <label for={id}>{words.volume}</label>
      <input
        id={id}
        type="range"
        min={0}
        max={1}
        step={0.05}
        value={volume}
        onInput={(event) => chooseSound({ volume: event.currentTarget.valueAsNumber })}
      />
      <MicrophoneTest />
      <Button icon="bell" onClick={() => void unlockBell().then(() => bell.play('ringing', 1))}>
        {words.testRing}
      </Button>
    </div>
  );
}

type DeviceProps = {
  label: string;
  of: readonly MediaDeviceInfo[];
  value: string | null;
  onChange(chosen: string | null): void;
};

function Device({ label, of, value, onChange }: DeviceProps) {
  return (
    <Field label={label}>
      {(control) => (
        <select {...control} value={value ?? ''} onChange={(event) => onChange(event.currentTarget.value || null)}>
          <option value="">{t.value.telephone.systemDefault}</option>
          {of.map(({ deviceId, label: name }) => (
            <option key={deviceId} value={deviceId}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** Between two looks at the sound: a bar that moves as fast as one speaks. */
const LOOK_MS = 100;

function MicrophoneTest() {
  const words = t.value.telephone;
  const level = useSignal<number | null>(null);
  const stop = useSignal<(() => void) | null>(null);
  useEffect(() => () => stop.value?.(), []);
  const toggle = async () => {
    if (stop.value) {
      stop.value();
      stop.value = null;
      level.value = null;
    } else stop.value = await measure(level).catch(() => toastNoMicrophone());
  };
  return (
    <div class="stack">
      <Button icon="microphone" aria-pressed={stop.value !== null} onClick={() => void toggle()}>
        {stop.value ? words.stopTest : words.startTest}
      </Button>
      {level.value !== null && (
        <label>
          {words.microphoneTest}
          <meter min={0} max={1} value={level.value} />
        </label>
      )}
    </div>
  );
}

function toastNoMicrophone(): null {
  toast(t.value.telephone.noMicrophone, 'error');
  return null;
}

async function measure(level: Signal<number | null>): Promise<() => void> {
  const stream = await theMicrophone.open();
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    level.value = Math.min(
      1,
      samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0),
    );
  }, LOOK_MS);
  return () => {
    clearInterval(timer);
    void context.close();
    if (phone.value?.calls.value.length === 0) theMicrophone.close();
  };
}
