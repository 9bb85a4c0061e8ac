import { Field } from './field.tsx';

type Props<Value extends string> = {
  label: string;
  hint?: string;
  value: Value;
  options: readonly (readonly [value: Value, text: string])[];
  onChange: (value: Value) => void;
};

/** One of a few; the system's own list. */
export function Choice<Value extends string>({ label, hint, value, options, onChange }: Props<Value>) {
  return (
    <Field label={label} hint={hint}>
      {(control) => (
        <select {...control} value={value} onChange={(event) => onChange(event.currentTarget.value as Value)}>
          {options.map(([each, text]) => (
            <option key={each} value={each}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
