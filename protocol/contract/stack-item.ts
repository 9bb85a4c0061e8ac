import { bytesOfBase64, hexOf } from '../types/bytes.ts';

/** A value of the NEO VM as JSON-RPC writes it: bytes in base64, integers as decimal strings. */
export type StackItem =
  | { type: 'Any' }
  | { type: 'Boolean'; value: boolean }
  | { type: 'Integer'; value: string }
  | { type: 'ByteString' | 'Buffer'; value: string }
  | { type: 'Array' | 'Struct'; value: StackItem[] }
  | { type: 'Map'; value: { key: StackItem; value: StackItem }[] }
  | { type: 'InteropInterface' | 'Pointer'; [key: string]: unknown };

/** A stack item is not of the type that was agreed: the contract or the node is not the one that we think. */
export class StackItemError extends Error {
  override name = 'StackItemError';
}

export const isNull = (item: StackItem): boolean => item.type === 'Any';

export function asBytes(item: StackItem): Uint8Array {
  if (item.type === 'ByteString' || item.type === 'Buffer') return bytesOfBase64(item.value);
  throw unexpected('bytes', item);
}

/** Numbers may also come as bytes: the VM's little-endian two's complement. */
export function asInteger(item: StackItem): bigint {
  if (item.type === 'Integer') return BigInt(item.value);
  if (item.type === 'ByteString' || item.type === 'Buffer') return integerOfBytes(asBytes(item));
  throw unexpected('an integer', item);
}

export function asBoolean(item: StackItem): boolean {
  if (item.type === 'Boolean') return item.value;
  if (item.type === 'Integer') return item.value !== '0';
  throw unexpected('a boolean', item);
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Text that somebody wrote onto the chain: what is no UTF-8, and U+0000, which Postgres can't store, becomes U+FFFD.
 */
export const textOfBytes = (bytes: Uint8Array): string => utf8.decode(bytes).replaceAll('\0', '\uFFFD');

export const asString = (item: StackItem): string => textOfBytes(asBytes(item));

export function asArray(item: StackItem): StackItem[] {
  if (item.type === 'Array' || item.type === 'Struct') return item.value;
  throw unexpected('an array', item);
}

function integerOfBytes(bytes: Uint8Array): bigint {
  const unsigned = bytes.length === 0 ? 0n : BigInt(hexOf(bytes.toReversed()));
  return BigInt.asIntN(bytes.length * 8, unsigned);
}

function unexpected(wanted: string, item: StackItem): StackItemError {
  return new StackItemError(`expected ${wanted}, the chain gave ${item.type}`);
}

/** Deeper than anything that a contract of ours says; bounds the work on what a stranger's node sends. */
const MAX_DEPTH = 32;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Whether a node's JSON is a stack item: by hand, as an indexer looks at hundred thousands of them. */
export function isStackItem(value: unknown, depth = MAX_DEPTH): value is StackItem {
  if (typeof value !== 'object' || value === null || depth === 0) return false;
  const { type, value: content } = value as { type?: unknown; value?: unknown };
  switch (type) {
    case 'Any':
    case 'InteropInterface':
    case 'Pointer':
      return true;
    case 'Boolean':
      return typeof content === 'boolean';
    case 'Integer':
      return typeof content === 'string' && /^-?\d{1,78}$/.test(content);
    case 'ByteString':
    case 'Buffer':
      return typeof content === 'string' && base64.test(content);
    case 'Array':
    case 'Struct':
      return Array.isArray(content) && content.every((item) => isStackItem(item, depth - 1));
    case 'Map':
      return (
        Array.isArray(content) &&
        content.every((entry) => isStackItem(entry?.key, depth - 1) && isStackItem(entry?.value, depth - 1))
      );
    default:
      return false;
  }
}
