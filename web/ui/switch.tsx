import { useId } from 'preact/hooks';

type Props = { label: string; why?: string; on: boolean; disabled?: boolean; onChange: (on: boolean) => void };

/** On or off, at once. */
export function Switch({ label, why, on, disabled = false, onChange }: Props) {
  const id = useId();
  return (
    <div class="switch">
      <div>
        <label for={id}>{label}</label>
        {why && (
          <p id={`${id}-why`} class="hint">
            {why}
          </p>
        )}
      </div>
      <input
        id={id}
        type="checkbox"
        role="switch"
        checked={on}
        aria-checked={on}
        disabled={disabled}
        aria-describedby={why ? `${id}-why` : undefined}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    </div>
  );
}
