import { t } from '../../ui/strings/strings.ts';

/** The keys of a telephone; a long touch of 0 is +. */
const keys = [
  ['1', ''],
  ['2', 'ABC'],
  ['3', 'DEF'],
  ['4', 'GHI'],
  ['5', 'JKL'],
  ['6', 'MNO'],
  ['7', 'PQRS'],
  ['8', 'TUV'],
  ['9', 'WXYZ'],
  ['*', ''],
  ['0', '+'],
  ['#', ''],
] as const;

const LONG_MS = 500;

export function Keypad({ onKey }: { onKey: (key: string) => void }) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wasLong = false;
  const press = (key: string) => {
    wasLong = false;
    clearTimeout(timer);
    if (key !== '0') return;
    timer = setTimeout(() => {
      wasLong = true;
      onKey('+');
    }, LONG_MS);
  };
  return (
    <fieldset class="keypad" aria-label={t.value.telephone.keypad}>
      {keys.map(([key, letters]) => (
        <button
          type="button"
          key={key}
          aria-label={t.value.telephone.key(key)}
          onPointerDown={() => press(key)}
          onPointerLeave={() => clearTimeout(timer)}
          onClick={() => {
            clearTimeout(timer);
            if (!wasLong) onKey(key);
            wasLong = false;
          }}
        >
          <span>{key}</span>
          {/* drawn, and no text: a key is called by its digit */}
          <small data-letters={letters} />
        </button>
      ))}
    </fieldset>
  );
}
