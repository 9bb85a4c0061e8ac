import { signal } from '@preact/signals';
import type { TxHash } from '../../../protocol/types/hash.ts';

/** Where a page shows what: the phone has places for it, the rescue page is one page. */
export const links = signal<{ transaction?: (hash: TxHash) => string; escrow?: (id: bigint) => string }>({});
