import type { Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

type FieldProps = {
  label: string;
  hint?: ComponentChildren;
  /** What is wrong with the value; it is read out as it comes. */
  error?: string | null | undefined;
  /** Gets what ties the control to its label. */
  children: (control: { id: string; 'aria-describedby': string; 'aria-invalid': boolean }) => ComponentChildren;
};

/** A control with its label, a hint, and what is wrong. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  const notes = `${id}-notes`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, 'aria-describedby': notes, 'aria-invalid': Boolean(error) })}
      <div id={notes} class="notes" aria-live="polite">
        {error ? <p class="error">{error}</p> : hint && <p class="hint">{hint}</p>}
      </div>
    </div>
  );
}

type TextFieldProps = Omit<FieldProps, 'children'> & {
  value: Signal<string>;
  type?: 'text' | 'password' | 'search' | 'tel' | 'url';
  /** `off` where a browser should not keep it. */
  autocomplete?: string;
  inputMode?: 'text' | 'numeric' | 'decimal' | 'tel' | 'url' | 'search';
  placeholder?: string;
  required?: boolean;
  disabled?: boolean;
  autofocus?: boolean;
  maxLength?: number;
  onInput?: () => void;
};

/** One line of text, kept in a signal. Nothing corrects its spelling: it is a name, an amount, an address or a key. */
export function TextField({ label, hint, error, value, onInput, type = 'text', ...rest }: TextFieldProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => (
        <input
          {...rest}
          {...control}
          // Each type has roles of its own; all of these take what a text takes.
          type={type as 'text'}
          value={value}
          autocapitalize="none"
          spellcheck={false}
          onInput={(event) => {
            value.value = event.currentTarget.value;
            onInput?.();
          }}
        />
      )}
    </Field>
  );
}
