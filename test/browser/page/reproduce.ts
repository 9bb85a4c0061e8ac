import { p256 } from '@noble/curves/nist.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { leafOf, merkleSumProof, merkleSumRoot, rootOfProof } from '../../../protocol/call/merkle-sum.ts';
import { priceOf } from '../../../protocol/call/price.ts';
import { methods } from '../../../protocol/contract/abi.ts';
import { type ArgumentsOf, contractCall, type MethodName } from '../../../protocol/contract/call.ts';
import { type StorageEntry, storageKey } from '../../../protocol/contract/storage-key.ts';
import { scriptOf, signTransaction } from '../../../protocol/contract/transaction.ts';
import {
  delegate,
  delegationFault,
  delegationStatement,
  readDelegation,
  writeDelegation,
} from '../../../protocol/sign/delegation.ts';
import { signRequest } from '../../../protocol/sign/http-signature.ts';
import { keyOf, privateKeyOfWif } from '../../../protocol/sign/key.ts';
import { publicKeyOf } from '../../../protocol/sign/p256.ts';
import { isRegistrationValid, registrationStatement, signRegistration } from '../../../protocol/sign/registration.ts';
import { isVoucherValid, signVoucher, voucherMessage } from '../../../protocol/sign/voucher.ts';
import { legacyText, type Wrapping, wrapMessage } from '../../../protocol/sign/wallet-message.ts';
import { addressOfBytes, addressSchema, hash160Bytes } from '../../../protocol/types/address.ts';
import { bytesOfHex } from '../../../protocol/types/bytes.ts';
import { datoshi } from '../../../protocol/types/datoshi.ts';
import { scriptHashOfBytes } from '../../../protocol/types/hash.ts';
import { height } from '../../../protocol/types/height.ts';
import { multisigScript } from '../../../protocol/types/verification-script.ts';
import type {
  DelegationVector,
  KeyVector,
  PriceVector,
  RegistrationVector,
  RequestVector,
  StorageKeyVector,
  TransactionVector,
  TreeVector,
  Vectors,
  VoucherVector,
} from './vectors.ts';

/**
 * What protocol/ makes of the inputs of each golden vector, in the vectors' own form: a test compares the two. The same
 * code runs in Node.js and in a browser's page.
 */
export const reproduced = {
  vouchers: reproduceVoucher,
  storageKeys: reproduceStorageKey,
  prices: reproducePrice,
  merkleSumTrees: reproduceTree,
  keys: reproduceKey,
  transactions: reproduceTransaction,
  requests: reproduceRequest,
  delegations: reproduceDelegation,
  registrations: reproduceRegistration,
};
export type Reproducible = keyof typeof reproduced;

/** All vectors of one kind, in their order. */
export async function reproduce(kind: Reproducible, vectors: Vectors): Promise<unknown[]> {
  const each = reproduced[kind] as (vector: unknown, vectors: Vectors) => unknown;
  return Promise.all(vectors[kind].map((vector) => each(vector, vectors)));
}

/** Where the vector is valid, the voucher is signed anew: one comes to the same bytes. */
async function reproduceVoucher(vector: VoucherVector, { keys }: Vectors) {
  const { network, contract: contractBytes, escrowId, total: decimal, publicKey, signature, why } = vector;
  const contract = scriptHashOfBytes(bytesOfHex(contractBytes));
  const scope = { network, contract, escrowId: BigInt(escrowId) };
  const total = datoshi(BigInt(decimal));
  const valid = isVoucherValid(publicKey, scope, { total, signature: bytesOfHex(signature) });
  const privateKey = keys.find((key) => key.publicKey === publicKey)?.privateKey ?? '';
  const signed = await signVoucher(keyOf(bytesOfHex(privateKey)), scope, total);
  return {
    network,
    contract: bytesToHex(hash160Bytes(contract)),
    escrowId: scope.escrowId.toString(),
    total: total.toString(),
    message: bytesToHex(voucherMessage(scope, total)),
    publicKey,
    signature: valid ? bytesToHex(signed.signature) : signature,
    valid,
    why,
  };
}

function reproduceStorageKey({ entry, hash, id }: StorageKeyVector) {
  const of: Record<string, unknown> = { entry };
  if (hash !== undefined) of.account = addressOfBytes(bytesOfHex(hash));
  if (id !== undefined) of.id = BigInt(id);
  return { entry, hash, id, key: bytesToHex(storageKey(of as StorageEntry)) };
}

function reproducePrice(vector: PriceVector) {
  const { answeredMs, ratePerSecond, feePerCall, initialIncrement, increment } = vector;
  const terms = {
    ratePerSecond: datoshi(BigInt(ratePerSecond)),
    feePerCall: datoshi(BigInt(feePerCall)),
    initialIncrement,
    increment,
  };
  const { seconds, price } = priceOf(answeredMs, terms);
  return {
    answeredMs,
    ratePerSecond,
    feePerCall,
    initialIncrement,
    increment,
    seconds: seconds.toString(),
    price: price.toString(),
  };
}

function reproduceTree(vector: TreeVector) {
  const leaves = vector.leaves.map(({ json, amount }) => leafOf(json, BigInt(amount)));
  const root = merkleSumRoot(leaves);
  return {
    leaves: leaves.map(({ hash, sum }, index) => {
      return { json: vector.leaves[index]?.json, amount: sum.toString(), hash: bytesToHex(hash) };
    }),
    root: bytesToHex(root.hash),
    sum: root.sum.toString(),
    proofs: vector.proofs.map(({ index }) => {
      const steps = merkleSumProof(leaves, index);
      const proven = rootOfProof(leaves[index] as (typeof leaves)[number], steps);
      if (bytesToHex(proven.hash) !== bytesToHex(root.hash) || proven.sum !== root.sum)
        throw new Error(`the proof of leaf ${index} does not lead to the root`);
      return {
        index,
        steps: steps.map(({ side, hash, sum }) => ({ side, hash: bytesToHex(hash), sum: sum.toString() })),
      };
    }),
  };
}

/** The key is read from its WIF, so that the private key is a result too. */
function reproduceKey({ wif }: KeyVector) {
  const key = keyOf(privateKeyOfWif(wif));
  const multisig = keyOf(key.privateKey, multisigScript(key.publicKey));
  return {
    privateKey: bytesToHex(key.privateKey),
    wif,
    publicKey: key.publicKey,
    script: bytesToHex(key.verificationScript),
    address: key.address,
    multisigScript: bytesToHex(multisig.verificationScript),
    multisigAddress: multisig.address,
  };
}

async function reproduceTransaction(vector: TransactionVector) {
  const privateKey = bytesOfHex(vector.privateKey);
  const key = vector.multisig ? keyOf(privateKey, multisigScript(publicKeyOf(privateKey))) : keyOf(privateKey);
  const contract = scriptHashOfBytes(bytesOfHex(vector.contract));
  const name = vector.method as MethodName;
  const script = scriptOf([contractCall(contract, name, argumentsOf(vector) as ArgumentsOf<MethodName>)]);
  const transaction = {
    script,
    nonce: vector.nonce,
    validUntilBlock: height(vector.validUntilBlock),
    systemFee: datoshi(BigInt(vector.systemFee)),
    networkFee: datoshi(BigInt(vector.networkFee)),
  };
  const { hash, bytes } = await signTransaction(transaction, key, vector.network);
  return {
    ...vector,
    script: bytesToHex(script),
    hash,
    highS: isHighS(signatureIn(bytes, key)),
    bytes: bytesToHex(bytes),
  };
}

/** The vector's arguments as a caller of `contractCall` gives them: by the types that the manifest names. */
function argumentsOf(vector: TransactionVector): Record<string, unknown> {
  const method = methods.find(({ name }) => name === vector.method);
  const typed = (method?.parameters ?? []).map(({ name, type }) => {
    const given = vector.arguments[name] ?? null;
    if (given === null || type === 'String') return [name, given];
    if (type === 'Hash160') return [name, addressSchema.parse(given)];
    return [name, type === 'Integer' ? BigInt(given) : bytesOfHex(given)];
  });
  return Object.fromEntries(typed);
}

/** A transaction ends with its witness: the signature, the length of the verification script in one byte, and that. */
function signatureIn(transaction: Uint8Array, { verificationScript }: { verificationScript: Uint8Array }): Uint8Array {
  const end = transaction.length - verificationScript.length - 1;
  return transaction.subarray(end - 64, end);
}

export function isHighS(signature: Uint8Array): boolean {
  return BigInt(`0x${bytesToHex(signature.subarray(32))}`) > p256.Point.Fn.ORDER / 2n;
}

async function reproduceRequest(vector: RequestVector) {
  const { method, url, headers, body, created, expires, nonce, components } = vector;
  const key = keyOf(bytesOfHex(vector.privateKey));
  let base = new Uint8Array();
  const signer = {
    publicKey: key.publicKey,
    sign: (message: Uint8Array) => {
      base = new Uint8Array(message);
      return key.sign(message);
    },
  };
  const request = { method, url, headers: headers ?? {}, body: body ?? undefined };
  const options = { created, nonce, components: components ?? [] };
  const sent = await signRequest(request, signer, expires === null ? options : { ...options, expires });
  return {
    ...vector,
    base: new TextDecoder().decode(base),
    contentDigest: sent['content-digest'] ?? null,
    signatureInput: sent['signature-input'],
    signature: sent.signature,
  };
}

/** Where the vector is valid, the wallet signs anew, and the header is written anew. */
async function reproduceDelegation(vector: DelegationVector) {
  const { network, delegate: key, notAfter, scope, form, salt, header } = vector;
  const contract = scriptHashOfBytes(bytesOfHex(vector.contract));
  const terms = { network, contract, delegate: key, notAfter, scope };
  const wrapping: Wrapping = form === 'legacy' ? { form, salt: salt ?? '' } : { form };
  const read = readDelegation(header);
  if (!read) throw new Error(`the header is not read: ${header}`);
  const use = { network, contract, key, needs: scope === 2 ? 'registration' : 'read', nowMs: notAfter } as const;
  const valid = delegationFault(read, use) === null;
  const signed = valid ? await delegate(keyOf(bytesOfHex(vector.privateKey)), terms, wrapping) : read;
  const statement = delegationStatement(terms);
  return {
    ...vector,
    statement: bytesToHex(statement),
    ...(form === 'legacy' && { text: legacyText(statement) }),
    message: bytesToHex(wrapMessage(statement, wrapping)),
    signature: bytesToHex(signed.signature),
    header: writeDelegation(signed),
    valid,
  };
}

/** Where the vector is valid, the phone signs anew. */
async function reproduceRegistration(vector: RegistrationVector) {
  const { network, nonce, form, salt } = vector;
  const terms = {
    network,
    contract: scriptHashOfBytes(bytesOfHex(vector.contract)),
    provider: addressOfBytes(bytesOfHex(vector.provider)),
    nonce,
  };
  const wrapping: Wrapping = form === 'legacy' ? { form, salt: salt ?? '' } : { form };
  const key = keyOf(bytesOfHex(vector.privateKey));
  const given = { key: key.publicKey, signature: bytesOfHex(vector.signature), ...wrapping };
  const valid = isRegistrationValid(given, terms);
  const proof = valid ? await signRegistration(key, terms, wrapping) : given;
  const statement = registrationStatement(terms);
  return {
    ...vector,
    statement: bytesToHex(statement),
    message: bytesToHex(wrapMessage(statement, wrapping)),
    signature: bytesToHex(proof.signature),
    valid,
  };
}
