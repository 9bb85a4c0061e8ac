import { useComputed, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Icon } from '../../ui/icon.tsx';
import { hrefOf } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';
import { Switch } from '../../ui/switch.tsx';
import { toast } from '../../ui/toast.tsx';
import { canHavePasskey } from '../../wallet/passkey.ts';
import { addPasskey, forgetFresh, hasFreshKey, kept, stayOpen } from '../../wallet/wallet.ts';
import { passkeyText } from './passkey-text.ts';

/** The wallet is there: how it should be unlocked from now on, and what comes next. */
export function Ready() {
  const [possible, busy] = [useSignal(false), useSignal(false)];
  const hasPasskey = useComputed(() => kept.value?.passkey != null);
  const { wallet, shared } = t.value;
  useEffect(() => {
    if (hasFreshKey.value) void canHavePasskey().then((can) => (possible.value = can));
    return forgetFresh;
  }, []);
  const add = async () => {
    busy.value = true;
    const fault = await addPasskey(null);
    busy.value = false;
    if (fault) toast(passkeyText(fault), 'error');
  };
  return (
    <section class="stack">
      <div class="centre">
        <span class="seal">
          <Icon name="check" size={40} />
        </span>
        <h2 class="big">{wallet.doneTitle}</h2>
      </div>
      <div class="card">
        <h3>{wallet.easier}</h3>
        {possible.value && (
          <Switch
            label={wallet.usePasskey}
            why={wallet.usePasskeyWhy}
            on={hasPasskey.value}
            disabled={busy.value || hasPasskey.value}
            onChange={add}
          />
        )}
        <StaysOpen />
      </div>
      <a class="button primary wide" href={hrefOf('/fund')}>
        {shared.next}
      </a>
    </section>
  );
}

export function StaysOpen() {
  const on = useComputed(() => kept.value?.staysOpen ?? false);
  const { wallet } = t.value;
  const change = async (wanted: boolean) => {
    if (!(await stayOpen(wanted))) toast(wallet.staysOpenImpossible, 'error');
  };
  return <Switch label={wallet.staysOpen} why={wallet.staysOpenWhy} on={on.value} onChange={change} />;
}
