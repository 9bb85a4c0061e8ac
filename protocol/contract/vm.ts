import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';

/** The few instructions of the NEO VM that a script of contract calls is made of, and how values are pushed. */

export const opcode = {
  PUSHINT8: 0x00,
  PUSHINT256: 0x05,
  PUSHT: 0x08,
  PUSHF: 0x09,
  PUSHNULL: 0x0b,
  PUSHDATA1: 0x0c,
  PUSHDATA2: 0x0d,
  PUSHDATA4: 0x0e,
  PUSHM1: 0x0f,
  PUSH0: 0x10,
  PUSH16: 0x20,
  ABORT: 0x38,
  ASSERT: 0x39,
  SYSCALL: 0x41,
  PACK: 0xc0,
  NEWARRAY0: 0xc2,
} as const;

/** The VM knows its system calls by the first four bytes of the hash of their name. */
export const callContract = sha256(utf8ToBytes('System.Contract.Call')).slice(0, 4);

/** What a called contract may do: read, write, call others, notify. */
export const ALL_CALL_FLAGS = 15n;

/** An integer of 1, 2, 4, 8, 16 or 32 bytes: the width is 2 to the power of its place after PUSHINT8. */
const MAX_WIDTH = 32;

/** @throws RangeError where the VM has no integer so large */
export function pushInteger(value: bigint): Uint8Array {
  if (value >= -1n && value <= 16n) return Uint8Array.of(opcode.PUSH0 + Number(value));
  for (let [width, code] = [1, opcode.PUSHINT8 as number]; width <= MAX_WIDTH; width *= 2, code += 1) {
    if (BigInt.asIntN(width * 8, value) === value) return concatBytes(Uint8Array.of(code), littleEndian(value, width));
  }
  throw new RangeError(`${value} does not fit into the 256 bits of the VM`);
}

/** Two's complement, the lowest byte first. */
function littleEndian(value: bigint, width: number): Uint8Array {
  const bytes = new Uint8Array(width);
  for (let [i, rest] = [0, BigInt.asUintN(width * 8, value)]; i < width; i += 1, rest >>= 8n)
    bytes[i] = Number(rest & 0xffn);
  return bytes;
}

export function pushBytes(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  if (length <= 0xff) return concatBytes(Uint8Array.of(opcode.PUSHDATA1, length), bytes);
  const isShort = length <= 0xffff;
  const head = new Uint8Array(isShort ? 3 : 5);
  head[0] = isShort ? opcode.PUSHDATA2 : opcode.PUSHDATA4;
  const view = new DataView(head.buffer);
  if (isShort) view.setUint16(1, length, true);
  else view.setUint32(1, length, true);
  return concatBytes(head, bytes);
}
