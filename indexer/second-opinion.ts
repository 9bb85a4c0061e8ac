import type { Block, ReadBlocks } from '../chain/blocks.ts';
import type { Node } from '../chain/node.ts';
import type { Rpc } from '../chain/rpc.ts';
import type { Outage } from '../process/outage.ts';

/** Two nodes of one network say different things of one block: a person has to find out which of them is wrong. */
export class Disagreement extends Error {
  override name = 'Disagreement';
}

export type SecondOpinionDeps = {
  rpc: Pick<Rpc, 'everyone'>;
  readBlocks: ReadBlocks;
  /** Of each so many blocks, one is read from all other nodes too; 0: none. */
  checkEvery: number;
  /** Where no other node answers, that is said, and the index goes on. */
  unchecked: Outage;
};

/** A difference may be long; a line of the log should not be. */
const MAX_SHOWN = 500;

/** @throws Disagreement with what both nodes say */
export async function askOthers(deps: SecondOpinionDeps, node: Node, blocks: readonly Block[]): Promise<void> {
  const { rpc, readBlocks, checkEvery, unchecked } = deps;
  if (checkEvery === 0) return;
  for (const block of blocks.filter(({ height }) => height % checkEvery === 0)) {
    const told = await rpc.everyone(async (other) => (await readBlocks(other, block.height, 1))[0]);
    const others = told.filter((one) => one.node !== node);
    if (others.length === 0) unchecked.report(new Error('no second node answers'));
    else unchecked.end();
    for (const { node: other, value } of others) if (value) compare(node.name, block, other.name, value);
  }
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
