import { ripemd160 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Signer } from '../sign/signer.ts';
import { type Address, hash160Bytes } from '../types/address.ts';
import { hexOf, littleEndian4, littleEndian8, variableLength } from '../types/bytes.ts';
import { type Datoshi, maxInteger } from '../types/datoshi.ts';
import { type ScriptHash, scriptHashOfBytes, type TxHash } from '../types/hash.ts';
import type { Height } from '../types/height.ts';
import { ALL_CALL_FLAGS, callContract, opcode, pushBytes, pushInteger } from './vm.ts';

/** The bytes of NEO transactions. `read-transaction.ts` is the way back. */

/** An argument of a contract call, by the type that the VM shall see. */
export type Argument =
  | null
  | boolean
  | bigint
  | string
  | Uint8Array
  | { hash160: Address | ScriptHash }
  | readonly Argument[];

export type ContractCall = { contract: ScriptHash; method: string; args: readonly Argument[] };

/** The script that makes these calls in their order, each with all call flags. */
export function scriptOf(calls: readonly ContractCall[], { mustReturnTrue = false } = {}): Uint8Array {
  return concatBytes(
    ...calls.flatMap(({ contract, method, args }) => [
      push(args),
      pushInteger(ALL_CALL_FLAGS),
      pushBytes(utf8ToBytes(method)),
      pushBytes(hash160Bytes(contract)),
      Uint8Array.of(opcode.SYSCALL, ...callContract),
      ...(mustReturnTrue ? [Uint8Array.of(opcode.ASSERT)] : []),
    ]),
  );
}

function push(argument: Argument): Uint8Array {
  if (argument === null) return Uint8Array.of(opcode.PUSHNULL);
  if (typeof argument === 'boolean') return Uint8Array.of(argument ? opcode.PUSHT : opcode.PUSHF);
  if (typeof argument === 'bigint') return pushInteger(argument);
  if (typeof argument === 'string') return pushBytes(utf8ToBytes(argument));
  if (argument instanceof Uint8Array) return pushBytes(argument);
  if ('hash160' in argument) return pushBytes(hash160Bytes(argument.hash160));
  const items = argument as readonly Argument[];
  if (items.length === 0) return Uint8Array.of(opcode.NEWARRAY0);
  // PACK takes the first item from the top of the stack
  return concatBytes(...items.toReversed().map(push), pushInteger(BigInt(items.length)), Uint8Array.of(opcode.PACK));
}

/** What a transaction says; one account signs it, with scope CalledByEntry. */
export type Transaction = {
  script: Uint8Array;
  validUntilBlock: Height;
  systemFee: Datoshi;
  networkFee: Datoshi;
  /** Any 32 bit number: two transactions that are alike else have different hashes. */
  nonce: number;
};

/** A signed transaction: nothing in it can change any more, so its hash is known before it is sent. */
export type SignedTransaction = {
  hash: TxHash;
  bytes: Uint8Array;
  /** The last block that can hold it. */
  validUntilBlock: Height;
  systemFee: Datoshi;
  networkFee: Datoshi;
};

/** What a witness of a scope is good for: calls that the transaction's own script makes, and no deeper ones. */
const CALLED_BY_ENTRY = 1;
const VERSION = 0;

export const createNonce = (): number => crypto.getRandomValues(new Uint32Array(1))[0] as number;

/** All but the witness: what is hashed, and so what is signed. @throws RangeError where a number is out of range */
export function contentBytes(transaction: Transaction, sender: Address): Uint8Array {
  const { script, validUntilBlock, systemFee, networkFee, nonce } = transaction;
  return concatBytes(
    Uint8Array.of(VERSION),
    littleEndian4(nonce),
    fee(systemFee),
    fee(networkFee),
    littleEndian4(validUntilBlock),
    Uint8Array.of(1),
    hash160Bytes(sender),
    Uint8Array.of(CALLED_BY_ENTRY),
    Uint8Array.of(0), // attributes
    variableLength(script.length),
    script,
  );
}

/** The chain reads them as signed numbers. */
function fee(value: Datoshi): Uint8Array {
  if (value > maxInteger) throw new RangeError(`a fee of ${value} datoshi is more than a transaction can hold`);
  return littleEndian8(value);
}

/** The hash of a transaction is made of its content, so it is the same whoever signs, and however. */
export const hashOfContent = (content: Uint8Array): TxHash => hexOf(sha256(content).reverse()) as string as TxHash;

/** What a key signs: the same content on another network is another message. */
export const messageOfContent = (content: Uint8Array, network: number): Uint8Array =>
  concatBytes(littleEndian4(network), sha256(content));

/** PUSHDATA1 64 <signature>: what both a single key's and a 1-of-n multisig's verification script takes. */
export function withWitness(content: Uint8Array, verificationScript: Uint8Array, signature: Uint8Array): Uint8Array {
  const invocation = pushBytes(signature);
  return concatBytes(
    content,
    Uint8Array.of(1),
    variableLength(invocation.length),
    invocation,
    variableLength(verificationScript.length),
    verificationScript,
  );
}

const SIGNATURE_BYTES = 64;

/** The transaction with a signature of zeros: as long as the signed one, for a node that shall tell its network fee. */
export function unsignedBytes(transaction: Transaction, signer: Pick<Signer, 'address' | 'verificationScript'>) {
  const content = contentBytes(transaction, signer.address);
  return withWitness(content, signer.verificationScript, new Uint8Array(SIGNATURE_BYTES));
}

/** @throws what the signer throws, e.g. where its person refuses */
export async function signTransaction(
  transaction: Transaction,
  signer: Signer,
  network: number,
): Promise<SignedTransaction> {
  const content = contentBytes(transaction, signer.address);
  const signature = await signer.sign(messageOfContent(content, network));
  const { validUntilBlock, systemFee, networkFee } = transaction;
  return {
    hash: hashOfContent(content),
    bytes: withWitness(content, signer.verificationScript, signature),
    validUntilBlock,
    systemFee,
    networkFee,
  };
}

/**
 * The hash that a contract has, or will have, when `deployer` deploys it: it follows from sender, NEF checksum and
 * name.
 */
export function contractHashOf(deployer: Address, { checksum, name }: { checksum: number; name: string }): ScriptHash {
  const script = concatBytes(
    Uint8Array.of(opcode.ABORT),
    pushBytes(hash160Bytes(deployer)),
    pushInteger(BigInt(checksum)),
    pushBytes(utf8ToBytes(name)),
  );
  return scriptHashOfBytes(ripemd160(sha256(script)));
}
