import { concatBytes } from '@noble/hashes/utils.js';
import { bytesOfHex, hexOf } from './bytes.ts';
import type { PublicKey } from './public-key.ts';

/** The scripts by which NEO checks an account's witness; the account is the script's hash. */

/** SYSCALL and the first four bytes of SHA-256 of the name, as a script calls an interop of the VM. */
const CHECK_SIG = bytesOfHex('4156e7b327');
const CHECK_MULTISIG = bytesOfHex('419ed0dc3a');
/** PUSHDATA1 with the length of a compressed key. */
const PUSH_KEY = bytesOfHex('0c21');
/** PUSH2 .. PUSH16 follow it. */
const PUSH1 = 0x11;

/** Of a single key: System.Crypto.CheckSig. */
export const signatureScript = (publicKey: PublicKey): Uint8Array =>
  concatBytes(PUSH_KEY, bytesOfHex(publicKey), CHECK_SIG);

/** Of a 1-of-1 multisig account (System.Crypto.CheckMultisig), as a devnet's only validator has it. */
export const multisigScript = (publicKey: PublicKey): Uint8Array =>
  concatBytes(Uint8Array.of(PUSH1), PUSH_KEY, bytesOfHex(publicKey), Uint8Array.of(PUSH1), CHECK_MULTISIG);

/** How many of which keys must sign; null where the script is of another kind. */
export function readScript(script: Uint8Array): { signatures: number; publicKeys: PublicKey[] } | null {
  const hex = hexOf(script);
  const [, key] = /^0x0c21(0[23][0-9a-f]{64})4156e7b327$/.exec(hex) ?? [];
  if (key !== undefined) return { signatures: 1, publicKeys: [key as PublicKey] };
  // PUSH1 .. PUSH16, or PUSHINT8, or PUSHINT16 (NEO takes 1024 keys at most), the keys, their number, CheckMultisig
  const number = '(1[1-9a-f]|20|00..|01....)';
  const [, first, keys] = new RegExp(`^0x${number}((?:0c210[23][0-9a-f]{64})+)${number}419ed0dc3a$`).exec(hex) ?? [];
  if (first === undefined || keys === undefined) return null;
  const publicKeys = keys.match(/0[23][0-9a-f]{64}(?=0c21|$)/g) ?? [];
  return { signatures: pushed(first), publicKeys: publicKeys as PublicKey[] };
}

function pushed(hex: string): number {
  const [opcode = 0, low = 0, high = 0] = bytesOfHex(hex);
  return opcode >= PUSH1 ? opcode - PUSH1 + 1 : low + 256 * high;
}
