import { NodeUnavailable, RpcError, WrongNode } from '../../../chain/errors.ts';
import { ApiMismatch, ApiProblem, ApiUnreachable } from '../../../protocol/api/failure.ts';

/** A service that is away, refuses, or is of another version tells nothing: that is no lie, and no mistake of ours. */
export const isServiceSilent = (error: unknown): boolean =>
  [ApiProblem, ApiUnreachable, ApiMismatch].some((kind) => error instanceof kind);

/** The same of a node. */
export const isNodeSilent = (error: unknown): boolean =>
  [NodeUnavailable, WrongNode, RpcError].some((kind) => error instanceof kind);

/** For what is shown only where it is told. @throws anything else */
export function onlySilence(error: unknown): void {
  if (!isServiceSilent(error) && !isNodeSilent(error)) throw error;
}
