import { useComputed, useSignal } from '@preact/signals';
import { Button } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { PasswordField } from '../../ui/password-field.tsx';
import { t } from '../../ui/strings/strings.ts';
import { addPasskey, kept, removePasskey } from '../../wallet/wallet.ts';
import { passkeyText } from '../wallet/passkey-text.ts';

/** A passkey for a wallet that is there already: the key is put under it, for which the password is needed once. */
export function PasskeySettings() {
  const password = useSignal('');
  const [error, busy] = [useSignal<string | null>(null), useSignal(false)];
  const has = useComputed(() => kept.value?.passkey != null);
  const { wallet } = t.value;
  const add = async () => {
    const given = password.value;
    password.value = '';
    busy.value = true;
    try {
      const fault = await addPasskey(given);
      error.value = fault && passkeyText(fault);
    } finally {
      busy.value = false;
    }
  };
  if (has.value)
    return (
      <section class="stack">
        <Notice kind="good">{wallet.passkeyOn}</Notice>
        <Button kind="danger" icon="trash" onClick={removePasskey}>
          {wallet.passkeyRemove}
        </Button>
      </section>
    );
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      <p class="quiet">{wallet.usePasskeyWhy}</p>
      <PasswordField label={wallet.password} value={password} use="current-password" error={error.value} />
      <Button kind="primary" icon="passkey" type="submit" wide busy={busy.value}>
        {wallet.usePasskey}
      </Button>
    </form>
  );
}
