import type { rescue as english } from '../en/rescue.ts';
import type { Translation } from '../translation.ts';

export const rescue: Translation<typeof english> = {
  title: 'Haal uw geld terug',
  why: 'Deze pagina heeft geen dienst van KRYPTON nodig: alleen uw portemonnee en een NEO-node naar keuze. U kunt haar bewaren en vanaf een schijf openen. Er gaat niets uit dan vragen aan die node en wat u tekent.',
  node: 'Een NEO-node',
  nodeHint: 'Het RPC-adres, bijv. https://rpc.example.org:443',
  nodeWrong: 'Een adres begint met https:// of http://.',
  contract: 'Het contract',
  contractHint:
    '0x en 40 hexadecimale cijfers. Het staat in de geschiedenis van uw portemonnee en op elke pagina van KRYPTON.',
  contractWrong: 'Een contract is 0x en 40 hexadecimale cijfers.',
  wallet: 'Uw portemonnee',
  key: 'WIF- of NEP-2-sleutel',
  keyHint: 'WIF begint met K of L, NEP-2 met 6P. De sleutel blijft in het geheugen van deze pagina en nergens anders.',
  keyWrong: 'Dit is geen WIF en geen NEP-2-sleutel.',
  file: 'Of een portemonneebestand (NEP-6)',
  fileWrong: 'Dat bestand is geen portemonneebestand met een sleutel.',
  account: 'Rekening in het bestand',
  password: 'Wachtwoord',
  passwordWrong: 'Het wachtwoord opent deze sleutel niet.',
  opening: 'De sleutel wordt geopend, dat duurt een paar seconden…',
  open: 'Kijken',
  forget: 'Vergeet de sleutel',
  network: (name) => `Netwerk ${name}`,
  holds: 'Wat van u is',
  withdrawAll: 'Alles opnemen',
  nothing: 'Het contract heeft niets voor dit adres.',
  endRegistration: 'Beëindigen',
  closeFirst: 'Sluit die eerst; wat de aanbieder dan niet opeist, komt terug.',
  afterRefund: 'Wat uit reserveringen terugkomt, staat in het tegoed in het contract: neem het daar op.',
  needsGas: 'Elke stap kost een bedrag in GAS van de rekening zelf.',
};
