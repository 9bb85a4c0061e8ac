/** A value as the native StdLib serializes it, of the kinds that the contract and GAS keep in their storage. */
export type Serialized = null | bigint | Uint8Array | Serialized[];

const [ANY, INTEGER, BYTE_STRING, BUFFER, ARRAY, STRUCT] = [0x00, 0x21, 0x28, 0x30, 0x40, 0x41];
/** Deeper than anything that is stored; bounds the work on what a stranger's node sends. */
const MAX_DEPTH = 8;

/** Reads bytes from the front; numbers are little endian. @throws RangeError at the end */
export function createByteReader(bytes: Uint8Array) {
  let at = 0;
  const take = (count: number): Uint8Array => {
    if (count < 0 || at + count > bytes.length) throw new RangeError('the bytes end too soon');
    at += count;
    return bytes.subarray(at - count, at);
  };
  const unsigned = (count: number): number => Number(unsignedOf(take(count)));
  return {
    take,
    byte: () => unsigned(1),
    /** A length: one byte, or a mark and two, four or eight. */
    length: (): number => {
      const first = unsigned(1);
      return first < 0xfd ? first : unsigned(2 ** (first - 0xfc));
    },
    isAtEnd: () => at === bytes.length,
  };
}
type ByteReader = ReturnType<typeof createByteReader>;

/** @throws RangeError where the bytes are nothing of these kinds, or more than that */
export function deserialize(bytes: Uint8Array): Serialized {
  const reader = createByteReader(bytes);
  const value = readValue(reader, MAX_DEPTH);
  if (!reader.isAtEnd()) throw new RangeError('more bytes than the value has');
  return value;
}

function readValue(reader: ByteReader, depth: number): Serialized {
  if (depth === 0) throw new RangeError('a value is too deep');
  const type = reader.byte();
  if (type === ANY) return null;
  if (type === INTEGER) return signedOf(reader.take(reader.length()));
  if (type === BYTE_STRING || type === BUFFER) return reader.take(reader.length());
  if (type !== ARRAY && type !== STRUCT) throw new RangeError(`a value of type ${type}`);
  return Array.from({ length: reader.length() }, () => readValue(reader, depth - 1));
}

/** The VM's integers: little endian, two's complement. */
export function signedOf(bytes: Uint8Array): bigint {
  return BigInt.asIntN(bytes.length * 8, unsignedOf(bytes));
}

export function unsignedOf(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i -= 1) value = (value << 8n) | BigInt(bytes[i] as number);
  return value;
}
