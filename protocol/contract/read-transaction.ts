import { type Address, addressOfBytes } from '../types/address.ts';
import { type Datoshi, datoshi } from '../types/datoshi.ts';
import { type ScriptHash, scriptHashOfBytes } from '../types/hash.ts';
import { type Height, height } from '../types/height.ts';
import { type ReadCall, readCalls } from './read-script.ts';

/**
 * What the bytes of a transaction say, read from nothing but the bytes: whoever signs them looks here, and not at what
 * the bytes were made from.
 */

/** Who signs, and for which contracts the signature counts. */
export type TransactionSigner = { account: Address; scopes: Scope[]; contracts: ScriptHash[] };
export type Scope = 'none' | 'calledByEntry' | 'customContracts' | 'global';

export type ReadTransaction = {
  nonce: number;
  systemFee: Datoshi;
  networkFee: Datoshi;
  validUntilBlock: Height;
  /** The first one pays the fees. */
  signers: TransactionSigner[];
  script: Uint8Array;
  /** The calls in their order, or null where the script does something else than calling contracts. */
  calls: ReadCall[] | null;
};

/** The bytes are no transaction, or one of a kind that is not read here: nobody should sign it. */
export class UnreadableTransaction extends Error {
  override name = 'UnreadableTransaction';
}

/** As many as the chain allows. */
const MAX_SIGNERS = 16;
const MAX_SUBITEMS = 16;
const MAX_SCRIPT_BYTES = 65_535;
const GLOBAL = 0x80;
const scopes: readonly [bit: number, scope: Scope][] = [
  [0x01, 'calledByEntry'],
  [0x10, 'customContracts'],
  [GLOBAL, 'global'],
];

/** The content of a transaction: all but its witnesses. @throws UnreadableTransaction */
export function readTransaction(content: Uint8Array): ReadTransaction {
  const cursor = cursorOf(content);
  if (cursor.byte() !== 0) throw new UnreadableTransaction('it is of another version');
  const nonce = cursor.integer(4);
  const [systemFee, networkFee] = [cursor.fee(), cursor.fee()];
  const validUntilBlock = height(cursor.integer(4));
  const signers = Array.from({ length: cursor.length(MAX_SIGNERS) }, () => readSigner(cursor));
  if (signers.length === 0) throw new UnreadableTransaction('nobody signs it');
  if (cursor.length(MAX_SUBITEMS) > 0) throw new UnreadableTransaction('it has attributes');
  const script = cursor.bytes(cursor.length(MAX_SCRIPT_BYTES));
  if (!cursor.isAtEnd()) throw new UnreadableTransaction('more follows on its script');
  return { nonce, systemFee, networkFee, validUntilBlock, signers, script, calls: readCalls(script) };
}

function readSigner(cursor: Cursor): TransactionSigner {
  const account = addressOfBytes(cursor.bytes(20));
  const bits = cursor.byte();
  const known = scopes.reduce((all, [bit]) => all | bit, 0);
  if ((bits & ~known) !== 0) throw new UnreadableTransaction('its signature counts by groups or rules');
  const named = scopes.flatMap(([bit, scope]) => ((bits & bit) === 0 ? [] : [scope]));
  const count = named.includes('customContracts') ? cursor.length(MAX_SUBITEMS) : 0;
  const contracts = Array.from({ length: count }, () => scriptHashOfBytes(cursor.bytes(20)));
  return { account, scopes: named.length === 0 ? ['none'] : named, contracts };
}

type Cursor = ReturnType<typeof cursorOf>;

/** Reads from the left. @throws UnreadableTransaction where the bytes end too early */
function cursorOf(bytes: Uint8Array) {
  let place = 0;
  function take(length: number): Uint8Array {
    if (place + length > bytes.length) throw new UnreadableTransaction('it ends too early');
    place += length;
    return bytes.slice(place - length, place);
  }
  const integer = (width: number) => take(width).reduceRight((sum, byte) => sum * 256 + byte, 0);

  function length(limit: number): number {
    const first = integer(1);
    const value = first < 0xfd ? first : integer(first === 0xfd ? 2 : first === 0xfe ? 4 : 8);
    if (value > limit) throw new UnreadableTransaction(`it has a part of ${value} items, more than ${limit}`);
    return value;
  }
  return {
    bytes: take,
    integer,
    length,
    byte: () => integer(1),
    fee: (): Datoshi => {
      const value = take(8).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
      if (value >= 2n ** 63n) throw new UnreadableTransaction('it has a fee below 0');
      return datoshi(value);
    },
    isAtEnd: () => place === bytes.length,
  };
}
