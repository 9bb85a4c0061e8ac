import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

/** Bytes in the order in which the contract has them: `0x` and lower-case hex digits. */
export type Hex = `0x${string}`;

export const hexOf = (bytes: Uint8Array): Hex => `0x${bytesToHex(bytes)}`;

/** @throws where it is no hex, with or without `0x` */
export const bytesOfHex = (hex: string): Uint8Array => hexToBytes(hex.replace(/^0x/, ''));

export function bytesOfBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

export function base64OfBytes(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** An unsigned 64 bit integer, as vouchers, delegations and trees hold it. @throws RangeError where it is none */
export function bigEndian8(value: bigint): Uint8Array {
  if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw new RangeError(`${value} does not fit into 64 bits`);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}

/** The same, its lowest byte first. @throws RangeError where it is none */
export const littleEndian8 = (value: bigint): Uint8Array => bigEndian8(value).reverse();

/** An unsigned 32 bit integer, as NEO writes a network's magic number. @throws RangeError where it is none */
export function littleEndian4(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff)
    throw new RangeError(`${value} does not fit into 32 bits`);
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/**
 * NEO's length of bytes or of a list: one byte; from 253 on a mark and two or four bytes. @throws RangeError where it
 * is longer than that
 */
export function variableLength(length: number): Uint8Array {
  if (length < 0xfd) return Uint8Array.of(length);
  if (length <= 0xffff) return Uint8Array.of(0xfd, length & 0xff, length >> 8);
  return Uint8Array.of(0xfe, ...littleEndian4(length));
}
