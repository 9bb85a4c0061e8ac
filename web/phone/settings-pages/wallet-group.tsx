import type { ComponentChildren } from 'preact';
import { AddressView } from '../../ui/address-view.tsx';
import { Choice } from '../../ui/choice.tsx';
import { formatTime } from '../../ui/format.ts';
import { Icon, type IconName } from '../../ui/icon.tsx';
import { change, preferences } from '../../ui/preferences.ts';
import { hrefOf } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';
import { address } from '../../wallet/account.ts';
import { kept } from '../../wallet/wallet.ts';
import { StaysOpen } from '../wallet/ready.tsx';

const idleMinutes = [1, 5, 15, 60, 240];

export function WalletGroup() {
  const { wallet } = t.value;
  const { value } = kept;
  if (address.value === null || value === null || value.backedUpAt === null)
    return <LinkRow icon="key" path="/" text={wallet.create} />;
  const { idleLockMinutes } = preferences.value;
  return (
    <>
      <AddressView address={address.value} full copy />
      <LinkRow icon="download" path="/settings/backup" text={wallet.backup}>
        {wallet.backedUp(formatTime(new Date(value.backedUpAt)))}
      </LinkRow>
      <LinkRow icon="key" path="/settings/password" text={wallet.changePassword} />
      <LinkRow icon="passkey" path="/settings/passkey" text={wallet.passkey}>
        {value.passkey && wallet.passkeyOn}
      </LinkRow>
      <StaysOpen />
      <Choice
        label={wallet.idleLock}
        value={String(idleLockMinutes ?? 'never')}
        options={[
          ...idleMinutes.map((minutes) => [String(minutes), wallet.idleMinutes(minutes)] as const),
          ['never', wallet.never],
        ]}
        onChange={(chosen) => change({ idleLockMinutes: chosen === 'never' ? null : Number(chosen) })}
      />
      <LinkRow icon="trash" path="/settings/remove" text={wallet.remove} danger />
    </>
  );
}

type LinkRowProps = { icon: IconName; path: string; text: string; danger?: boolean; children?: ComponentChildren };

function LinkRow({ icon, path, text, danger = false, children }: LinkRowProps) {
  return (
    <a class={`link-row${danger ? ' danger' : ''}`} href={hrefOf(path)}>
      <Icon name={icon} />
      <span>
        {text}
        {children && <span class="hint">{children}</span>}
      </span>
      <Icon name="forward" size={20} />
    </a>
  );
}
