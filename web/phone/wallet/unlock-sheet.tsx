import { useSignal } from '@preact/signals';
import { Button } from '../../ui/button.tsx';
import { PasswordField, UserName } from '../../ui/password-field.tsx';
import { Sheet } from '../../ui/sheet.tsx';
import { t } from '../../ui/strings/strings.ts';
import { wanted } from '../../wallet/account.ts';
import { kept, unlock, unlockByPasskey } from '../../wallet/wallet.ts';
import { passkeyText } from './passkey-text.ts';

/** Asks for the password, or for the passkey, whenever a locked wallet is to sign. */
export function UnlockSheet() {
  const { value } = wanted;
  return value && <Unlock close={() => value.answer(null)} />;
}

function Unlock({ close }: { close: () => void }) {
  const password = useSignal('');
  const [error, busy] = [useSignal<string | null>(null), useSignal(false)];
  const { wallet } = t.value;
  const work = async (open: () => Promise<string | null>) => {
    busy.value = true;
    error.value = null;
    try {
      error.value = await open();
    } finally {
      busy.value = false;
    }
  };
  const byPassword = () =>
    work(async () => {
      const given = password.value;
      password.value = '';
      return (await unlock(given)) ? null : wallet.wrongPassword;
    });
  const byPasskey = () =>
    work(async () => {
      const fault = await unlockByPasskey();
      return fault && passkeyText(fault);
    });
  return (
    <Sheet title={wallet.unlockTitle} onClose={close}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void byPassword();
        }}
      >
        <UserName />
        <p class="quiet">{wallet.unlockWhy}</p>
        {kept.value?.passkey && (
          <Button kind="primary" icon="passkey" wide disabled={busy.value} onClick={byPasskey}>
            {wallet.usePasskey}
          </Button>
        )}
        <PasswordField
          label={wallet.password}
          value={password}
          use="current-password"
          error={error.value}
          autofocus={!kept.value?.passkey}
        />
        <Button kind={kept.value?.passkey ? 'plain' : 'primary'} type="submit" wide busy={busy.value}>
          {busy.value ? wallet.unlocking : wallet.unlock}
        </Button>
      </form>
    </Sheet>
  );
}
