import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { littleEndian8, variableLength } from '../types/bytes.ts';

/**
 * How a wallet wraps a message before it signs, so that nobody gets a transaction signed as a message:
 * - `raw`: not at all, as a key does that we hold ourselves
 * - `nep21`: NEP-21's `Neo N3 Signed Message / NEP-21 / v1`
 * - `legacy`: NeoLine, O3 and others before NEP-21. They sign text, so the message is handed to them in hex
 */
export const signatureForms = ['raw', 'nep21', 'legacy'] as const;
export type SignatureForm = (typeof signatureForms)[number];

/** The salt is the wallet's own, as it answers it: hex digits, which it signs as text. */
export type Wrapping = { form: 'raw' | 'nep21' } | { form: 'legacy'; salt: string };

const nep21Prefix = utf8ToBytes('Neo N3 Signed Message / NEP-21 / v1\n');
/** The legacy form looks like a transaction of NEO 2 with one attribute, which no chain takes. */
const [legacyStart, legacyEnd] = [Uint8Array.of(0x01, 0x00, 0x01, 0xf0), Uint8Array.of(0x00, 0x00)];

/** What a legacy wallet is asked to sign: `signMessage({ message: legacyText(message) })`. Lower-case hex. */
export const legacyText = (message: Uint8Array): string => bytesToHex(message);

/** The bytes whose SHA-256 is signed. */
export function wrapMessage(message: Uint8Array, wrapping: Wrapping): Uint8Array {
  switch (wrapping.form) {
    case 'raw':
      return message;
    case 'nep21':
      return concatBytes(nep21Prefix, littleEndian8(BigInt(message.length)), message);
    case 'legacy': {
      const text = utf8ToBytes(wrapping.salt + legacyText(message));
      return concatBytes(legacyStart, variableLength(text.length), text, legacyEnd);
    }
    default:
      return wrapping satisfies never;
  }
}
