/** Nothing is wrong with the request: the same one may succeed later or at another node. */
export class NodeUnavailable extends Error {
  override name = 'NodeUnavailable';
}

/** A node is there, but can't serve this request: others may still be served by it. */
export class NodeRefuses extends NodeUnavailable {
  override name = 'NodeRefuses';
}

/** The node gives a dry run less GAS than this script needs: a smaller script may do, or another node. */
export class GasLimitReached extends NodeRefuses {
  override name = 'GasLimitReached';
}

/** The node is none of ours: it is left out. Where no other is there, only a person can mend that. */
export class WrongNode extends Error {
  override name = 'WrongNode';
}

/** The node answers for another network than the configured one. */
export class WrongNetwork extends WrongNode {
  override name = 'WrongNetwork';
}

/** The node's blocks are others than the ones that we know. */
export class WrongChain extends WrongNode {
  override name = 'WrongChain';
}

/** The contract that is configured does not stand on the node's chain. */
export class WrongContract extends WrongNode {
  override name = 'WrongContract';
}

/** The node understood the request and refused it; the same request will be refused again, by others too. */
export class RpcError extends Error {
  override name = 'RpcError';
  readonly code: number;
  /** What exactly was wrong, where the node says so. */
  readonly data: string | undefined;

  constructor(method: string, code: number, message: string, data: string | undefined) {
    super(`${method}: ${message}${data ? ` (${data})` : ''}`);
    this.code = code;
    this.data = data;
  }
}

/** JSON-RPC error codes of NEO nodes (JSON-RPC 2.0, NEP-23, and -100.. of neo-go and the C# node). */
export const rpcCode = {
  /** A body or batch that is larger than the node takes: neo-go answers with this one object. */
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  /** The C# node says this, with "Unknown transaction", where neo-go says -105 or -103. */
  invalidParams: -32602,
  internal: -32603,
  /** Services that sell access say this. */
  requestLimit: -32005,
  unknownBlock: -101,
  unknownContract: -102,
  unknownTransaction: -103,
  unknownStorageItem: -104,
  unknownScriptContainer: -105,
  unknownStateRoot: -106,
  unknownSession: -107,
  unknownIterator: -108,
  unknownHeight: -109,
  verificationFailed: -500,
  alreadyOnChain: -501,
  poolIsFull: -502,
  alreadyPooled: -503,
  networkFeeTooSmall: -504,
  policyFailed: -505,
  invalidScript: -506,
  invalidAttribute: -507,
  invalidSignature: -508,
  invalidSize: -509,
  expired: -510,
  insufficientFunds: -511,
  invalidVerification: -512,
  sessionsDisabled: -601,
  unsupportedState: -606,
} as const;

/**
 * Whom a code speaks of. `node`: this one can't, so the next one is asked. `request`: every node will say the same.
 * `notYet`: this node does not know that block or transaction, and whoever asked decides what that means.
 */
type Speaks = 'node' | 'request' | 'notYet';

const speaks: Record<keyof typeof rpcCode, Speaks> = {
  parseError: 'node',
  invalidRequest: 'node', // ours are well-formed: a proxy that takes no batches says so
  methodNotFound: 'node',
  invalidParams: 'notYet',
  internal: 'node',
  requestLimit: 'node',
  unknownBlock: 'notYet',
  unknownContract: 'request',
  unknownTransaction: 'notYet',
  unknownStorageItem: 'request',
  unknownScriptContainer: 'notYet',
  unknownStateRoot: 'notYet',
  unknownSession: 'node', // it has forgotten ours: the iteration starts anew at the next node
  unknownIterator: 'node',
  unknownHeight: 'notYet',
  verificationFailed: 'request',
  alreadyOnChain: 'request',
  poolIsFull: 'node', // another node's pool may have room
  alreadyPooled: 'request',
  networkFeeTooSmall: 'request',
  policyFailed: 'request',
  invalidScript: 'request',
  invalidAttribute: 'request',
  invalidSignature: 'request',
  invalidSize: 'request',
  expired: 'request',
  insufficientFunds: 'request',
  invalidVerification: 'request',
  sessionsDisabled: 'node',
  unsupportedState: 'node',
};

const byCode = new Map<number, Speaks>(
  (Object.keys(rpcCode) as (keyof typeof rpcCode)[]).map((name) => [rpcCode[name], speaks[name]]),
);

/** Not every node has them: it is read in another way, or something is not shown. */
const optionalMethods: readonly string[] = ['getblocknotifications', 'getnep17transfers'];

/** A code that nobody has told us of is no verdict on the request: the next node may know better. */
export function speaksOf(method: string, code: number): Speaks {
  if (code === rpcCode.methodNotFound && optionalMethods.includes(method)) return 'request';
  // neo-go says so where its MaxGasInvoke is too small to verify a witness; ours is a plain signature.
  if (code === rpcCode.invalidSignature && method === 'calculatenetworkfee') return 'node';
  return byCode.get(code) ?? 'node';
}

/** The node does not know that block or transaction, or not yet: never to be read as "nothing happened". */
export function isUnknown(error: unknown): error is RpcError {
  return error instanceof RpcError && byCode.get(error.code) === 'notYet';
}
