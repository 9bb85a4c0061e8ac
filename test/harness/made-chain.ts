import { createHash } from 'node:crypto';
import type { ScriptHash } from '../../protocol/types/hash.ts';
import type { Asked, Told } from './fake-node.ts';
import { seededRandom } from './random.ts';

/**
 * A chain that a seed makes: blocks with notifications that follow on each other as the contract would make them, and
 * what a node says of it.
 */
export type MadeChain = { contract: ScriptHash; head: number; blocks: MadeBlock[]; tell(asked: Asked): Told };
export type MadeBlock = {
  header: { index: number; hash: string; previousblockhash: string; time: number };
  notifications: { container: string; contract: string; eventname: string; state: unknown }[];
};

export const madeNetwork = 77;
const GENESIS_MS = Date.UTC(2026, 0, 1);
const BLOCK_MS = 15_000;
const MAX_EVENTS = 6;
const contract = `0x${'cc'.repeat(20)}` as ScriptHash;

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();
const hex = (text: string): string => `0x${hashOf(text).toString('hex')}`;

type Item = { type: string; value?: unknown };
const bytes = (buffer: Buffer): Item => ({ type: 'ByteString', value: buffer.toString('base64') });
const account = (name: string): Item => bytes(hashOf(name).subarray(0, 20));
const text = (value: string): Item => bytes(Buffer.from(value));
const integer = (value: number): Item => ({ type: 'Integer', value: String(value) });
const nothing: Item = { type: 'Any' };

export function makeChain(seed: number, length: number): MadeChain {
  const events = createEvents(seed);
  const blocks: MadeBlock[] = [];
  for (let index = 0; index < length; index += 1) {
    const time = GENESIS_MS + index * BLOCK_MS;
    const previousblockhash = blocks.at(-1)?.header.hash ?? hex('before');
    const header = { index, hash: hex(`${seed} block ${index}`), previousblockhash, time };
    const emitted = index < 2 ? [] : events(time);
    blocks.push({
      header,
      notifications: emitted.map(([eventname, ...fields], i) => ({
        container: hex(`${seed} transaction ${index} ${i >> 1}`),
        contract,
        eventname,
        state: { type: 'Array', value: fields },
      })),
    });
  }
  const head = length - 1;
  return { contract, head, blocks, tell: (asked) => tell(blocks, asked) };
}

type Emitted = [name: string, ...fields: Item[]];
type Escrow = {
  id: number;
  user: string;
  provider: string;
  amount: number;
  spent: number;
  seq: number;
  closing: boolean;
};

/** A simple model of the contract: enough that what it emits could have happened. */
function createEvents(seed: number): (time: number) => Emitted[] {
  const { upTo, pick } = seededRandom(seed, 'events');
  const deployed = new Set<string>();
  const balances = new Map<string, number>();
  const open: Escrow[] = [];
  let lastId = 0;
  const add = (name: string, amount: number) => balances.set(name, (balances.get(name) ?? 0) + amount);
  const users = ['ann', 'bob', 'cas'];
  const providers = ['pro', 'pri'];
  const make: (() => Emitted[])[] = [
    () => {
      const provider = pick(providers);
      if (deployed.has(provider)) return [['ProviderRelocated', account(provider), text(`sip${upTo(9)}.example`)]];
      deployed.add(provider);
      return [['ProviderDeployed', account(provider), text('sip, "one" \\ é')]];
    },
    () => {
      const [provider] = deployed;
      if (!provider) return [];
      if (upTo(4) > 0) return [['TariffSet', account(provider), text('https://x/{a}'), bytes(hashOf(`${upTo(9)}`))]];
      return [['OperatorSet', account(provider), upTo(2) ? account('operator') : nothing]];
    },
    () => {
      const [user, provider] = [pick(users), pick(providers)];
      const uuid = `9b2f1c7e-4d3a-4f6b-8a51-0c2d3e4f5a${10 + upTo(80)}`;
      return [[upTo(3) ? 'UserRegistered' : 'UserUnregistered', account(user), account(provider), text(uuid)]];
    },
    () => {
      const user = pick(users);
      const amount = 1 + upTo(1_000);
      add(user, amount);
      return [['Deposited', account(user), upTo(2) ? account(user) : nothing, integer(amount)]];
    },
    () => {
      const who = pick([...users, ...providers]);
      const amount = Math.min(balances.get(who) ?? 0, 1 + upTo(2_000));
      if (amount === 0) return [];
      add(who, -amount);
      return [['Withdrawn', account(who), integer(amount)]];
    },
    () => openOne(),
    () => {
      const escrow = open.length ? pick(open) : null;
      const amount = escrow ? Math.min(escrow.amount - escrow.spent, upTo(50)) : 0;
      if (!escrow) return [];
      const { id, seq } = escrow;
      escrow.seq += 1;
      escrow.spent += amount;
      add(escrow.provider, amount);
      const root = bytes(hashOf(`${id} ${seq}`));
      const claim = [integer(seq), integer(amount), integer(upTo(60)), integer(1 + upTo(3))];
      return [['EscrowSettled', integer(id), ...claim, root, integer(escrow.spent)]];
    },
    () => [['ClaimRejected', integer(1 + upTo(lastId + 1)), integer(upTo(5)), integer(1 + upTo(9))]],
    () => closeOne(),
  ];
  let now = 0;
  function openOne(): Emitted[] {
    const user = pick(users);
    const amount = Math.min(balances.get(user) ?? 0, 1 + upTo(500));
    if (amount === 0) return [];
    lastId += 1;
    add(user, -amount);
    const provider = pick(providers);
    open.push({ id: lastId, user, provider, amount, spent: 0, seq: 0, closing: false });
    const terms = [integer(amount), integer(5), integer(1), integer(6), integer(2)];
    const times = [integer(now), integer(now + 600_000), integer(now + 1_200_000)];
    const key = upTo(2) ? bytes(Buffer.concat([Buffer.of(2), hashOf('voucher')])) : nothing;
    return [['EscrowOpened', integer(lastId), account(user), account(provider), ...terms, ...times, key]];
  }
  function closeOne(): Emitted[] {
    const escrow = open.length ? pick(open) : null;
    if (!escrow) return [];
    if (!escrow.closing && upTo(2)) {
      escrow.closing = true;
      return [['EscrowClosing', integer(escrow.id), integer(now), integer(now + 600_000)]];
    }
    open.splice(open.indexOf(escrow), 1);
    add(escrow.user, escrow.amount - escrow.spent);
    return [['EscrowClosed', integer(escrow.id), integer(escrow.amount - escrow.spent)]];
  }
  return (time) => {
    now = time;
    return Array.from({ length: upTo(MAX_EVENTS + 1) }, () => pick(make)()).flat();
  };
}

function tell(blocks: readonly MadeBlock[], { method, params }: Asked): Told {
  const block = blocks[Number(params[0])];
  const unknown = { error: { code: -101, message: 'unknown block' } };
  switch (method) {
    case 'getversion': {
      const protocol = { msperblock: BLOCK_MS, maxvaliduntilblockincrement: 5_760, validatorscount: 7 };
      return { result: { useragent: '/made/', protocol: { network: madeNetwork, ...protocol } } };
    }
    case 'getblockcount':
      return { result: blocks.length };
    case 'getblockhash':
      return block ? { result: block.header.hash } : unknown;
    case 'getblockheader':
      return block ? { result: block.header } : unknown;
    case 'getblocknotifications':
      if (!block) return unknown;
      return { result: block.notifications.length ? { application: block.notifications } : {} };
    case 'getblock':
      if (!block) return unknown;
      return { result: { ...block.header, tx: hashesOf(block).map((hash) => ({ hash })) } };
    case 'getapplicationlog':
      return logOf(blocks, params[0]) ?? { error: { code: -105, message: 'unknown container' } };
    default:
      return { error: { code: -32601, message: 'no such method' } };
  }
}

const hashesOf = ({ notifications }: MadeBlock): string[] => [...new Set(notifications.map((one) => one.container))];

function logOf(blocks: readonly MadeBlock[], hash: unknown): Told | null {
  const notifications = blocks.flatMap((block) => block.notifications.filter(({ container }) => container === hash));
  if (notifications.length === 0) return null;
  const effects = { exception: null, gasconsumed: '1', stack: [], notifications };
  return { result: { executions: [{ trigger: 'Application', vmstate: 'HALT', ...effects }] } };
}
