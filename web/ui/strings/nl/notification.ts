import type { notification as english } from '../en/notification.ts';
import type { Translation } from '../translation.ts';

export const notification: Translation<typeof english> = {
  callFrom: (who) => `Oproep van ${who}`,
  somebody: 'iemand',
  tapToAnswer: 'Tik om op te nemen',
};
