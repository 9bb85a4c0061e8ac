import { GasLimitReached, NodeRefuses, NodeUnavailable, RpcError, WrongNode } from './errors.ts';
import type { Node } from './node.ts';

/**
 * What the pool decides about a node; see README.md. `left`: it has failed, another one is asked. `wrong`: it is none
 * of ours.
 */
export type PoolEvent = { kind: 'left' | 'wrong'; node: string; error: Error };

/** One node, and the same one for a look at all of them, which must not take long. */
type Member = {
  node: Node;
  quick: Node;
  /** It answered, and was found right, at some time: where it is away it is waited for. */
  wasRight: boolean;
  verified: boolean;
  /** Left out until then, by the process's clock. */
  wrong: { error: WrongNode; until: number } | null;
  /** What was last reported of it, and when. */
  said: { text: string; at: number } | null;
};

/** A node that was found wrong may have been mended, or its URL given to another one. */
const WRONG_FOR_MS = 600_000;
/** A node that fails in the same way at each block is not worth a line of the log each time. */
const SAID_FOR_MS = 60_000;

export type Pool = {
  /**
   * Works with the node that is used. Where that one fails or is wrong, the work starts anew at the next, once at each.
   */
  use<T>(work: (node: Node) => Promise<T>): Promise<T>;
  /** Asks all nodes that are not wrong, at once; those that can't answer are left out. */
  everyone<T>(work: (node: Node) => Promise<T>): Promise<{ node: Node; value: T }[]>;
  /** Turns away from this node, if it is still the one that is used, to that one or the next. */
  leave(left: Node, to?: Node): void;
  current(): Node;
};

export type PoolOptions = {
  /** Asked of a node before all else. @throws WrongNode */
  verify: (node: Node) => Promise<void>;
  report: (event: PoolEvent) => void;
};

export function createPool(pairs: readonly Pick<Member, 'node' | 'quick'>[], { verify, report }: PoolOptions): Pool {
  const members = pairs.map((pair): Member => ({ ...pair, wasRight: false, verified: false, wrong: null, said: null }));
  let place = 0;
  const at = (index: number) => members[index % members.length] as Member;
  const isLeftOut = ({ wrong }: Member) => wrong !== null && performance.now() < wrong.until;

  async function prepare(member: Member, node: Node): Promise<void> {
    if (member.verified) return;
    await verify(node);
    member.verified = true;
    member.wrong = null;
  }

  function exclude(member: Member, error: WrongNode): void {
    if (!isLeftOut(member)) report({ kind: 'wrong', node: member.node.name, error });
    member.wrong = { error, until: performance.now() + WRONG_FOR_MS };
    member.wasRight = false;
    member.verified = false;
  }

  function fail(member: Member, error: NodeUnavailable): void {
    if (members.length === 1) return; // the caller is told
    const [text, now] = [reasonOf(error), performance.now()];
    if (member.said?.text === text && now - member.said.at < SAID_FOR_MS) return;
    member.said = { text, at: now };
    report({ kind: 'left', node: member.node.name, error });
  }

  function moveOn(from: Member): void {
    if (at(place) === from) place = (place + 1) % members.length; // or somebody else has left it already
  }

  async function use<T>(work: (node: Node) => Promise<T>): Promise<T> {
    const failures: NodeUnavailable[] = [];
    const first = place;
    for (let tries = 0; tries < members.length; tries += 1) {
      const member = at(first + tries);
      if (isLeftOut(member)) {
        moveOn(member);
        continue;
      }
      try {
        await prepare(member, member.node);
        const answer = await work(member.node);
        member.wasRight = true;
        return answer;
      } catch (error) {
        if (error instanceof WrongNode) exclude(member, error);
        else if (error instanceof NodeUnavailable) {
          failures.push(error);
          fail(member, error);
        } else {
          if (error instanceof RpcError) member.wasRight = true; // it understood, and refused
          throw error;
        }
        moveOn(member);
      }
    }
    throw conclude(members, failures);
  }

  async function everyone<T>(work: (node: Node) => Promise<T>): Promise<{ node: Node; value: T }[]> {
    const told = await Promise.all(
      members
        .filter((member) => !isLeftOut(member))
        .map(async (member) => {
          try {
            await prepare(member, member.quick);
            return { node: member.node, value: await work(member.quick) };
          } catch (error) {
            if (error instanceof WrongNode) exclude(member, error);
            else if (!(error instanceof NodeUnavailable || error instanceof RpcError)) throw error;
            return null;
          }
        }),
    );
    return told.filter((one) => one !== null);
  }

  function leave(left: Node, to?: Node): void {
    const from = at(place);
    if (from.node !== left) return;
    const next = members.findIndex(({ node }) => node === to);
    place = next === -1 ? (place + 1) % members.length : next;
  }

  return { use, everyone, leave, current: () => at(place).node };
}

/**
 * Why nobody could do it. A node that was right before and is away now is waited for; only where all that ever answered
 * are wrong, no waiting helps. GAS that does not suffice can be helped by a smaller script.
 */
function conclude(members: readonly Member[], failures: readonly NodeUnavailable[]): Error {
  const wrong = members.flatMap((member) => (member.wrong ? [member.wrong.error] : []));
  const [first] = wrong;
  if (first && !members.some(({ wasRight }) => wasRight)) return members.length === 1 ? first : mended(first, wrong);
  const [failure] = failures;
  if (failure && members.length === 1) return failure;
  const kind = [GasLimitReached, NodeRefuses].find((one) => failures.some((error) => error instanceof one));
  const reasons = [...failures, ...wrong].map(reasonOf).join('; ');
  return new (kind ?? NodeUnavailable)(`no NEO node can be used: ${reasons}`);
}

/** The class of the first one says what is to be done. */
function mended(first: WrongNode, all: readonly WrongNode[]): WrongNode {
  const kind = first.constructor as new (message: string) => WrongNode;
  return new kind(`every NEO node that answers is a wrong one: ${all.map(reasonOf).join('; ')}`);
}

function reasonOf(error: Error): string {
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
