import type { telephone as english } from '../en/telephone.ts';
import type { Translation } from '../translation.ts';

export const telephone: Translation<typeof english> = {
  title: 'Telefoon',
};
