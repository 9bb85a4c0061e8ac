import type { Address } from '../../protocol/types/address.ts';
import { Button } from './button.tsx';
import { Groups } from './groups.tsx';
import { t } from './strings/strings.ts';
import { toast } from './toast.tsx';

type Props = {
  address: Address;
  /** In full, in groups that two people can compare; else beginning and end, with the rest for screen readers. */
  full?: boolean;
  copy?: boolean;
};

export function AddressView({ address, full = false, copy = false }: Props) {
  return (
    <span class={`address${full ? ' full' : ''}`} translate={false}>
      <span class="hidden-text">{address}</span>
      <bdi aria-hidden="true">{full ? <Groups text={address} /> : `${address.slice(0, 6)}…${address.slice(-5)}`}</bdi>
      {copy && (
        <Button kind="quiet" icon="copy" aria-label={t.value.shared.copyAddress} onClick={() => copyText(address)} />
      )}
    </span>
  );
}

export async function copyText(text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
  toast(t.value.shared.copied);
}
