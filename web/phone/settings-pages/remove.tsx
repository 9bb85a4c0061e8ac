import { useSignal } from '@preact/signals';
import { AddressView } from '../../ui/address-view.tsx';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { Notice } from '../../ui/notice.tsx';
import { go } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';
import { toast } from '../../ui/toast.tsx';
import { address } from '../../wallet/account.ts';
import { removeWallet } from '../../wallet/wallet.ts';

const TYPED = 4;

export function Remove() {
  const typed = useSignal('');
  const { wallet } = t.value;
  const { value: own } = address;
  if (own === null) return null;
  const remove = async () => {
    await removeWallet();
    toast(wallet.removed);
    go('/', { replace: true });
  };
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void remove();
      }}
    >
      <Notice kind="danger">{wallet.removeWhy}</Notice>
      <AddressView address={own} full />
      <TextField label={wallet.removeConfirm} value={typed} autocomplete="off" maxLength={TYPED} />
      <Button kind="danger" type="submit" wide disabled={typed.value !== own.slice(-TYPED)}>
        {wallet.removeNow}
      </Button>
    </form>
  );
}
