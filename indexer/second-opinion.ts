import type { Block, ReadBlocks } from '../chain/blocks.ts';
import type { Node } from '../chain/node.ts';
import type { Rpc } from '../chain/rpc.ts';
import type { Outage } from '../process/outage.ts';

/** Two nodes of one network say different things of one block: a person has to find out which of them is wrong. */
class Disagreement extends Error {
  override name = 'Disagreement';
}

export type SecondOpinionDeps = {
  rpc: Pick<Rpc, 'everyone'>;
  readBlocks: ReadBlocks;
  /** Of each so many blocks, one is read from all other nodes too; 0: none. */
  checkEvery: number;
  /** Where no other node answers, that is said, and the index goes on. */
  unchecked: Pick<Outage, 'report' | 'end'>;
};

export type SecondOpinion = {
  /** @throws Disagreement with what both nodes say */
  ask(node: Node, blocks: readonly Block[]): Promise<void>;
  /** Blocks that no other node has spoken of yet. */
  waiting(): number;
};

/** A difference may be long; a line of the log should not be. */
const MAX_SHOWN = 500;
/** Blocks that were taken in while no other node answered: they are asked for again. */
const MAX_WAITING = 100;
/** A node that is back is not asked for all of them at once. */
const ASKED_AT_A_TIME = 5;

export function createSecondOpinion({ rpc, readBlocks, checkEvery, unchecked }: SecondOpinionDeps): SecondOpinion {
  let waiting: { node: Node; block: Block }[] = [];

  async function ask(node: Node, blocks: readonly Block[]): Promise<void> {
    if (checkEvery === 0) return;
    const due = blocks.filter(({ height }) => height % checkEvery === 0).map((block) => ({ node, block }));
    const again = waiting.slice(0, ASKED_AT_A_TIME);
    const silent: typeof waiting = [];
    for (const one of [...again, ...due]) if (!(await isConfirmed(one))) silent.push(one);
    waiting = [...silent, ...waiting.slice(again.length)].slice(-MAX_WAITING);
    if (silent.length > 0) unchecked.report(new Error('no second node answers'));
    else unchecked.end();
  }

  async function isConfirmed({ node, block }: { node: Node; block: Block }): Promise<boolean> {
    const told = await rpc.everyone(async (other) => (await readBlocks(other, block.height, 1))[0]);
    const others = told.filter((one) => one.node !== node);
    for (const { node: other, value } of others) if (value) compare(node.name, block, other.name, value);
    return others.length > 0;
  }

  return { ask, waiting: () => waiting.length };
}

function compare(name: string, block: Block, otherName: string, other: Block): void {
  const [one, two] = [JSON.stringify(block), JSON.stringify(other)];
  if (one === two) return;
  throw new Disagreement(
    `two nodes disagree on block ${block.height}, and the index stops. ` +
      `${name} says ${saying(block)}; ${otherName} says ${saying(other)}. ${firstDifference(block, other)}`,
  );
}

const saying = ({ hash, previousHash, time, notifications }: Block): string =>
  `hash ${hash} after ${previousHash} at ${time} with ${notifications.length} notifications`;

function firstDifference(block: Block, other: Block): string {
  const length = Math.max(block.notifications.length, other.notifications.length);
  for (let i = 0; i < length; i += 1) {
    const [one, two] = [JSON.stringify(block.notifications[i]), JSON.stringify(other.notifications[i])];
    if (one !== two) return `Notification ${i}: ${one?.slice(0, MAX_SHOWN)} and ${two?.slice(0, MAX_SHOWN)}`;
  }
  return '';
}
