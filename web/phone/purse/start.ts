import { effect, type Signal } from '@preact/signals';
import { purse } from '../telephone/faces.ts';
import { current, followAccount } from './current.ts';
import { faceOf } from './face.ts';

/** Whose registration was seen last: until the chain is read again, the page opens where it did. It is no secret. */
const KEY = 'krypton.registered';

/** From now on there is a purse for the page's account; the telephone begins with it, and what depends on it is told. */
export async function startPurse(isRegistered: Signal<boolean>): Promise<void> {
  await followAccount();
  effect(() => {
    const { value } = current;
    purse.value = value && faceOf(value);
  });
  effect(() => {
    const { value } = current;
    const holdings = value?.purse.holdings.value;
    if (!value || !holdings) {
      isRegistered.value = value !== null && localStorage.getItem(KEY) === value.identity.address;
      return;
    }
    isRegistered.value = holdings.registrations.length > 0;
    if (isRegistered.value) localStorage.setItem(KEY, value.identity.address);
    else localStorage.removeItem(KEY);
  });
}
