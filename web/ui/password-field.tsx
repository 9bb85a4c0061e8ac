import { type Signal, useSignal } from '@preact/signals';
import { Button } from './button.tsx';
import { Field } from './field.tsx';
import { t } from './strings/strings.ts';

type Props = {
  label: string;
  value: Signal<string>;
  /** Tells a password manager whether to offer one or to make one. `off`: it is a key, not a password. */
  use: 'current-password' | 'new-password' | 'off';
  hint?: string;
  error?: string | null;
  autofocus?: boolean;
};

/** Under which a password manager keeps the password: the wallet has no name of its own. */
export const UserName = () => (
  <input
    class="hidden-text"
    type="text"
    autocomplete="username"
    value="KRYPTON"
    readOnly
    tabIndex={-1}
    aria-hidden="true"
  />
);

/** What nobody should read over a shoulder, unless its person asks to see it. */
export function PasswordField({ label, value, use, hint, error, autofocus = false }: Props) {
  const shown = useSignal(false);
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => (
        <div class="with-button">
          <input
            {...control}
            // Both types have the same roles in a page; the types disagree.
            type={(shown.value ? 'text' : 'password') as 'text'}
            value={value}
            autocomplete={use}
            autocapitalize="none"
            spellcheck={false}
            autofocus={autofocus}
            onInput={(event) => {
              value.value = event.currentTarget.value;
            }}
          />
          <Button
            kind="quiet"
            icon={shown.value ? 'eyeOff' : 'eye'}
            aria-label={t.value.wallet.showPassword}
            aria-pressed={shown.value}
            onClick={() => {
              shown.value = !shown.value;
            }}
          />
        </div>
      )}
    </Field>
  );
}
