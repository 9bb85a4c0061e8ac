import type { Address } from '../../../protocol/types/address.ts';
import { t } from '../../ui/strings/strings.ts';
import { toast } from '../../ui/toast.tsx';
import { phone, unlockBell } from './phone.ts';

/** Calls, and says why not. */
export async function makeCall(to: string, provider: Address): Promise<boolean> {
  const words = t.value.telephone;
  await unlockBell();
  const called = await phone.value?.call(to, provider);
  if (called === undefined) return false;
  switch (called.kind) {
    case 'called':
      return true;
    case 'noPrice':
      toast(words.noPrice, 'error');
      return false;
    default:
      toast(words[called.kind], 'error');
      return false;
  }
}
