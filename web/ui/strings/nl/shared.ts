import type { shared as english } from '../en/shared.ts';
import type { Translation } from '../translation.ts';

export const shared: Translation<typeof english> = {
  appName: 'KRYPTON',
  cancel: 'Annuleren',
  close: 'Sluiten',
  back: 'Terug',
  next: 'Verder',
  done: 'Klaar',
  copy: 'Kopiëren',
  copied: 'Gekopieerd',
  unknownAmount: '– GAS',
  copyAddress: 'Adres kopiëren',
  loading: 'Een ogenblik…',
  notFound: 'Op dit adres is niets.',
  toStart: 'Naar het begin',
  wentWrong: 'Er ging iets mis.',
  tryAgain: 'Opnieuw proberen',
  sections: 'Onderdelen',
  needsHttps: 'Deze pagina heeft een adres nodig dat met https:// begint: anders bewaart een browser geen sleutels.',
  noSettings: 'Deze site heeft geen leesbare settings.json: de beheerder moet die plaatsen.',
};
