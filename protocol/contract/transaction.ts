import { experimental, sc, tx, u } from '@cityofzion/neon-js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Signer } from '../sign/signer.ts';
import { type Address, hash160Bytes } from '../types/address.ts';
import { bytesOfHex } from '../types/bytes.ts';
import type { Datoshi } from '../types/datoshi.ts';
import type { ScriptHash, TxHash } from '../types/hash.ts';
import { type Height, height } from '../types/height.ts';

/** The bytes of NEO transactions. The one place for neon-js: its defects are handled here. */

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
  const builder = new sc.ScriptBuilder();
  for (const { contract, method, args } of calls) {
    builder.emitContractCall({
      scriptHash: contract.slice(2),
      operation: method,
      callFlags: sc.CallFlags.All,
      args: args.map(toContractParam),
    });
    if (mustReturnTrue) builder.emit(sc.OpCode.ASSERT);
  }
  return bytesOfHex(builder.build());
}

function toContractParam(argument: Argument): InstanceType<typeof sc.ContractParam> {
  if (argument === null) return sc.ContractParam.any(null);
  if (typeof argument === 'boolean') return sc.ContractParam.boolean(argument);
  if (typeof argument === 'bigint') return sc.ContractParam.integer(argument.toString());
  if (typeof argument === 'string') return sc.ContractParam.string(argument);
  if (argument instanceof Uint8Array) return bytesParam(argument);
  if ('hash160' in argument) return bytesParam(hash160Bytes(argument.hash160));
  return sc.ContractParam.array(...(argument as readonly Argument[]).map(toContractParam));
}

/** `true` (little endian): neon-js would push the bytes of a big-endian HexString in reverse. */
function bytesParam(bytes: Uint8Array): InstanceType<typeof sc.ContractParam> {
  return sc.ContractParam.byteArray(u.HexString.fromHex(bytesToHex(bytes), true));
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

export const createNonce = (): number => crypto.getRandomValues(new Uint32Array(1))[0] as number;

/** The transaction with a signature of zeros: as long as the signed one, for a node that shall tell its network fee. */
export function unsignedBytes(transaction: Transaction, signer: Signer): Uint8Array {
  return serialize(build(transaction, signer), signer, new Uint8Array(64));
}

/** @throws what the signer throws, e.g. where its person refuses */
export async function signTransaction(
  transaction: Transaction,
  signer: Signer,
  network: number,
): Promise<SignedTransaction> {
  const built = build(transaction, signer);
  const signature = await signer.sign(bytesOfHex(built.getMessageForSigning(network)));
  return {
    hash: `0x${built.hash()}` as TxHash,
    bytes: serialize(built, signer, signature),
    validUntilBlock: height(built.validUntilBlock),
    systemFee: transaction.systemFee,
    networkFee: transaction.networkFee,
  };
}

type Built = InstanceType<typeof tx.Transaction>;

function build({ script, validUntilBlock, systemFee, networkFee, nonce }: Transaction, signer: Signer): Built {
  return new tx.Transaction({
    nonce,
    script: u.HexString.fromHex(bytesToHex(script)),
    signers: [
      new tx.Signer({
        account: bytesToHex(hash160Bytes(signer.address).reverse()),
        scopes: tx.WitnessScope.CalledByEntry,
      }),
    ],
    validUntilBlock,
    systemFee: u.BigInteger.fromNumber(systemFee.toString()),
    networkFee: u.BigInteger.fromNumber(networkFee.toString()),
  });
}

/** PUSHDATA1 64 <signature>: what both a single key's and a 1-of-n multisig's verification script takes. */
function serialize(built: Built, { verificationScript }: Signer, signature: Uint8Array): Uint8Array {
  built.witnesses = [
    new tx.Witness({
      invocationScript: `0c40${bytesToHex(signature)}`,
      verificationScript: bytesToHex(verificationScript),
    }),
  ];
  return bytesOfHex(built.serialize(true));
}

/**
 * The hash that a contract has, or will have, when `deployer` deploys it: it follows from sender, NEF checksum and
 * name.
 */
export function contractHashOf(deployer: Address, { checksum, name }: { checksum: number; name: string }): ScriptHash {
  const sender = u.HexString.fromHex(bytesToHex(hash160Bytes(deployer).reverse()));
  return `0x${experimental.getContractHash(sender, checksum, name)}` as ScriptHash;
}
