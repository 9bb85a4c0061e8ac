import { useSignal } from '@preact/signals';
import { PasswordField } from '../../ui/password-field.tsx';
import { go } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';
import { toast } from '../../ui/toast.tsx';
import { changePassword } from '../../wallet/wallet.ts';
import { NewPassword } from '../wallet/new-password.tsx';

export function ChangePassword() {
  const old = useSignal('');
  const [wrong, busy] = [useSignal(false), useSignal(false)];
  const { wallet } = t.value;
  const save = async (next: string) => {
    const given = old.value;
    old.value = '';
    busy.value = true;
    const changed = await changePassword(given, next);
    busy.value = false;
    wrong.value = !changed;
    if (!changed) return;
    toast(wallet.passwordChanged);
    go('/settings/backup', { replace: true });
  };
  return (
    <section class="stack">
      <p class="quiet">{wallet.changePasswordWhy}</p>
      <NewPassword action={wallet.changePassword} busy={busy.value} onPassword={save}>
        <PasswordField
          label={wallet.oldPassword}
          value={old}
          use="current-password"
          error={wrong.value ? wallet.wrongPassword : null}
        />
      </NewPassword>
    </section>
  );
}
