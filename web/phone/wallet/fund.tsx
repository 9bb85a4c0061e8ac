import { useEffect } from 'preact/hooks';
import { AddressView, copyText } from '../../ui/address-view.tsx';
import { Amount } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Qr } from '../../ui/qr.tsx';
import { hrefOf } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';
import { address } from '../../wallet/account.ts';
import { Faucet } from './faucet.tsx';
import { funds, nodeSilent, watchFunds } from './funds.ts';

/** Where to send GAS, and what is there already. */
export function Fund() {
  const { value: own } = address;
  useEffect(() => (own === null ? undefined : watchFunds(own)), [own]);
  if (own === null) return null;
  const { wallet, shared } = t.value;
  const arrived = funds.value !== null && funds.value > 0n;
  return (
    <section class="stack">
      <p class="quiet">{wallet.fundWhy}</p>
      <div class="card centre">
        <Qr text={own} label={wallet.addressQr} />
        <AddressView address={own} full />
        <div class="row">
          <Button icon="copy" onClick={() => copyText(own)}>
            {shared.copy}
          </Button>
          {'share' in navigator && (
            <Button icon="share" onClick={() => navigator.share({ text: own }).catch(() => undefined)}>
              {wallet.shareAddress}
            </Button>
          )}
        </div>
        <p class="quiet small">{wallet.fundNetwork}</p>
      </div>
      <div class="card balance" aria-live="polite">
        <span class="quiet">{wallet.balance}</span>
        <strong>
          <Amount value={funds.value} />
        </strong>
        <span class={arrived ? 'good' : 'quiet'}>
          {arrived && <Icon name="check" size={20} />}
          {arrived ? wallet.arrived : nodeSilent.value ? wallet.balanceUnknown : wallet.waitingForGas}
        </span>
      </div>
      {DEVNET && <Faucet to={own} />}
      <a class={`button wide ${arrived ? 'primary' : 'plain'}`} href={hrefOf('/')}>
        {shared.next}
      </a>
    </section>
  );
}
