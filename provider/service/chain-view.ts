import { type Block, type ReadBlocks, readHeight } from '../../chain/blocks.ts';
import { NodeUnavailable } from '../../chain/errors.ts';
import type { Node } from '../../chain/node.ts';
import type { EscrowRecord, Reader, RegistrationRecord } from '../../chain/read.ts';
import type { Rpc } from '../../chain/rpc.ts';
import { type ContractEvent, decodeEvent } from '../../protocol/contract/event.ts';
import type { Address } from '../../protocol/types/address.ts';
import { height as asHeight, type Height } from '../../protocol/types/height.ts';

/**
 * What the provider's own node says, kept until a notification of the contract changes it. Whoever decides calls `recent`
 * first: so a decision rests on the newest block that the node had just now, and there is none where no node answers.
 */
export type ChainView = {
  /** Takes in what is new. @throws NodeUnavailable */
  sync(): Promise<Height>;
  /** The same, unless that was asked for within the last `RECENT_MS`. @throws NodeUnavailable */
  recent(): Promise<Height>;
  registrationsOf(user: Address): Promise<readonly RegistrationRecord[]>;
  escrow(id: bigint): Promise<EscrowRecord | null>;
  /** Ids of the user's open escrows, with whichever provider. */
  escrowsOf(user: Address): Promise<readonly bigint[]>;
  /** Null: no node has answered yet. */
  height(): Height | null;
};

export type Position = { height: Height; hash: string };

type ChainViewDeps = {
  rpc: Rpc;
  reader: Pick<Reader, 'registrations' | 'escrow' | 'escrowsOf'>;
  readBlocks: ReadBlocks;
  /** Done before anything else is told of a chain that is met for the first time, or anew. */
  begin: () => Promise<void>;
  /** Told of each notification, in order, with the time of its block; then of the block itself. */
  onEvent: (event: ContractEvent, at: Date) => void;
  onBlock: (position: Position) => void;
};

/** neo-go takes batches of 100 requests, and two are needed for a block. */
const BLOCKS_AT_A_TIME = 50;
/** Many decide at the same time, and a block takes longer than this to reach anybody. */
const RECENT_MS = 20;
/** Answers that are kept of each kind: those of some thousand users, each below a KiB. */
const MAX_KEPT = 10_000;

/** `from`: where an earlier process has stopped; null where there was none. */
export function createChainView(deps: ChainViewDeps, from: Position | null): ChainView {
  const { rpc, reader, readBlocks, begin, onEvent, onBlock } = deps;
  const registrations = keep((user: Address) => reader.registrations(user));
  const escrows = keep((id: bigint) => reader.escrow(id));
  const escrowsOf = keep((user: Address) => reader.escrowsOf(user));
  let position = from;
  /** The node that has given the newest block. */
  let source: string | null = null;
  let running: Promise<Height> | null = null;
  /** When the last answer that came was asked for. */
  let askedAt = Number.NEGATIVE_INFINITY;

  function forgetAll(): void {
    for (const each of [registrations, escrows, escrowsOf]) each.clear();
  }

  function forget(event: ContractEvent): void {
    switch (event.name) {
      case 'UserRegistered':
      case 'UserUnregistered':
        registrations.forget(event.user);
        break;
      case 'EscrowOpened':
        escrows.forget(event.id);
        escrowsOf.forget(event.user);
        break;
      case 'EscrowExtended':
      case 'EscrowSettled':
      case 'EscrowClosing':
        escrows.forget(event.id);
        break;
      case 'EscrowClosed':
        escrows.forget(event.id);
        escrowsOf.clear(); // whose it was, it does not say
        break;
      default: // of providers, balances and the contract itself nothing is kept here
    }
  }

  /** A chain that has lost its last blocks (a devnet whose node was killed): nothing that was kept can be trusted. */
  async function startAnew(node: Node, head: Height): Promise<Position> {
    const [block] = await readBlocks(node, head, 1);
    if (!block) throw new NodeUnavailable(`the node has no block ${head}`);
    forgetAll();
    await begin();
    position = { height: head, hash: block.hash };
    onBlock(position);
    return position;
  }

  async function catchUp(node: Node): Promise<Height> {
    const head = await readHeight(node);
    let at = position ?? (await startAnew(node, head));
    // What it says of users and escrows is older than what we know; a chain that was cut short grows again.
    if (head < at.height) {
      source = null;
      throw new NodeUnavailable(`${node.name} is ${at.height - head} blocks behind`);
    }
    // What another node has answered meanwhile may be older than blocks that were taken in already.
    if (source !== node.name) forgetAll();
    source = node.name;
    while (at.height < head) {
      const count = Math.min(BLOCKS_AT_A_TIME, head - at.height);
      const blocks = await readBlocks(node, asHeight(at.height + 1), count);
      if (blocks[0]?.previousHash !== at.hash) return (await startAnew(node, head)).height;
      for (const block of blocks) at = take(block);
    }
    return at.height;
  }

  function take({ height, hash, time, notifications }: Block): Position {
    for (const { name, state } of notifications) {
      const event = decodeEvent(name, state);
      forget(event);
      onEvent(event, new Date(time));
    }
    position = { height, hash };
    onBlock(position);
    return position;
  }

  function sync(): Promise<Height> {
    running ??= ask().finally(() => {
      running = null;
    });
    return running;
  }

  async function ask(): Promise<Height> {
    const now = performance.now();
    const height = await rpc.use(catchUp);
    askedAt = now;
    return height;
  }

  return {
    sync,
    recent: async () => (position && performance.now() - askedAt < RECENT_MS ? position.height : sync()),
    registrationsOf: registrations.get,
    escrow: escrows.get,
    escrowsOf: escrowsOf.get,
    height: () => position?.height ?? null,
  };
}

/** The answers that were given, until they are forgotten; one that is under way then is not kept. */
function keep<K, V>(read: (key: K) => Promise<V>) {
  const kept = new Map<K, Promise<V>>();
  const forget = (key: K) => kept.delete(key);
  return {
    get: (key: K): Promise<V> => {
      const found = kept.get(key);
      if (found) return found;
      const [oldest] = kept.keys();
      if (oldest !== undefined && kept.size >= MAX_KEPT) kept.delete(oldest);
      const asked = read(key);
      kept.set(key, asked);
      asked.catch(() => kept.get(key) === asked && kept.delete(key));
      return asked;
    },
    forget,
    clear: () => kept.clear(),
  };
}
