import { privateKeyOfWif } from '../../protocol/sign/key.ts';
import { isWholeNep2 } from './nep2.ts';

/** What a person pasted: a key in one of the two forms that NEO's wallets give out. */
export type Secret = { kind: 'encrypted'; text: string } | { kind: 'wif'; privateKey: Uint8Array } | { kind: 'none' };

/** Spaces, as a sheet of paper or a chat program brings them, are left out. */
export function readSecret(given: string): Secret {
  const text = given.replace(/\s/g, '');
  if (isWholeNep2(text)) return { kind: 'encrypted', text };
  try {
    return { kind: 'wif', privateKey: privateKeyOfWif(text) };
  } catch {
    return { kind: 'none' }; // neither form, or a checksum that does not fit
  }
}
