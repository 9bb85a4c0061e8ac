import { signal } from '@preact/signals';

/** A call runs or rings: the page is not to be loaded anew, and the wallet's idle lock waits. Telephony sets it. */
export const inCall = signal(false);
