/** Nothing is wrong with the request: the same one may succeed later or at another node. */
export class NodeUnavailable extends Error {
  override name = 'NodeUnavailable';
}

/** The node answers for another network than the configured one; only a person can mend that. */
export class WrongNetwork extends Error {
  override name = 'WrongNetwork';
}

/** The node understood the request and refused it; the same request will be refused again. */
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
  methodNotFound: -32601,
  /** The C# node says this, with "Unknown transaction", where neo-go says -105 or -103. */
  invalidParams: -32602,
  unknownBlock: -101,
  unknownTransaction: -103,
  unknownContract: -102,
  unknownHeight: -109,
  unknownScriptContainer: -105,
  alreadyOnChain: -501,
  alreadyPooled: -503,
  expired: -510,
  insufficientFunds: -511,
} as const;

const unknownCodes: readonly number[] = [
  rpcCode.invalidParams,
  rpcCode.unknownBlock,
  rpcCode.unknownHeight,
  rpcCode.unknownTransaction,
  rpcCode.unknownScriptContainer,
];

/** The node does not know that block or transaction, or not yet: never to be read as "nothing happened". */
export function isUnknown(error: unknown): error is RpcError {
  return error instanceof RpcError && unknownCodes.includes(error.code);
}
