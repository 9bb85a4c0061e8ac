import { type Signal, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { Button } from '../../ui/button.tsx';
import { PasswordField, UserName } from '../../ui/password-field.tsx';
import { t } from '../../ui/strings/strings.ts';
import { LEAST_PASSWORD, passwordFault } from '../../wallet/password.ts';

type Props = {
  action: string;
  busy: boolean;
  /** What went wrong with what was done. */
  error?: string | null;
  onPassword: (password: string) => void;
  /** Fields before it in the same form. */
  children?: ComponentChildren;
};

/** A password, typed twice. */
export function NewPassword({ action, busy, error, onPassword, children }: Props) {
  const [first, second] = [useSignal(''), useSignal('')];
  const tried = useSignal(false);
  const fault = passwordFault(first.value, second.value);
  const { wallet } = t.value;
  const submit = () => {
    tried.value = true;
    if (fault === null) take(onPassword, first, second);
  };
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <UserName />
      {children}
      <PasswordField
        label={wallet.newPassword}
        value={first}
        use="new-password"
        hint={wallet.passwordTooShort(LEAST_PASSWORD)}
        error={tried.value && fault === 'short' ? wallet.passwordTooShort(LEAST_PASSWORD) : null}
      />
      <PasswordField
        label={wallet.repeatPassword}
        value={second}
        use="new-password"
        error={tried.value && fault === 'different' ? wallet.passwordsDiffer : (error ?? null)}
      />
      <Button kind="primary" type="submit" wide busy={busy}>
        {action}
      </Button>
    </form>
  );
}

/** The fields are emptied before anything else happens. */
function take(onPassword: (password: string) => void, first: Signal<string>, second: Signal<string>): void {
  const password = first.value;
  first.value = '';
  second.value = '';
  onPassword(password);
}
