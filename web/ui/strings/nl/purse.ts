import type { purse as english } from '../en/purse.ts';
import type { Translation } from '../translation.ts';

export const purse: Translation<typeof english> = {
  title: 'Beurs',
};
