import { t } from '../../ui/strings/strings.ts';
import type { PasskeyFault } from '../../wallet/passkey.ts';

export function passkeyText(fault: PasskeyFault | 'wrongPassword'): string {
  const { wallet } = t.value;
  const texts: Record<PasskeyFault | 'wrongPassword', string> = {
    cancelled: wallet.passkeyCancelled,
    unsupported: wallet.passkeyUnsupported,
    wrongPassword: wallet.wrongPassword,
  };
  return texts[fault];
}
