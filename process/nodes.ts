import { describe, type Logger } from './run.ts';

/** A node that a service turns away from: `left` has failed, `wrong` is of another network or chain. */
type Turned = { kind: 'left' | 'wrong'; node: string; error: Error };

/** Says what becomes of the nodes: a wrong one loudly, as only a person can mend the settings. */
export function reportNodes(log: Logger): (turned: Turned) => void {
  return ({ kind, node, error }) => {
    if (kind === 'wrong') log.error({ node }, `this node is left out: ${describe(error)}`);
    else log.warn({ node }, `turning to another node: ${describe(error)}`);
  };
}
