import { z } from 'zod';
import { isStackItem, type StackItem } from '../protocol/contract/stack-item.ts';
import type { Brand } from '../protocol/types/brand.ts';
import { type BlockHash, type ScriptHash, scriptHashSchema, type TxHash } from '../protocol/types/hash.ts';
import { readHeader } from './header.ts';

/** The border: what nodes answer, by method. Only what is read here is listed; nodes may say more. */

const count = z.int().nonnegative();
const decimal = z.string().regex(/^\d{1,30}$/);
const hash256 = <T extends Brand<string, string>>() =>
  z
    .string()
    .regex(/^0x[0-9a-f]{64}$/)
    .transform((text) => text as unknown as T);
const blockHash = hash256<BlockHash>();
const txHash = hash256<TxHash>();
const stackItem = z.custom<StackItem>((value) => isStackItem(value), 'expected a stack item');
const stack = z.array(stackItem);

const header = z.object({ index: count, hash: blockHash, previousblockhash: blockHash, time: count });
/** The same in the network's own form, which costs a node and us less than JSON. */
const rawHeader = z.string().transform((text, context) => {
  const read = readHeader(text);
  if (read) return read;
  context.addIssue({ code: 'custom', message: 'expected the bytes of a header' });
  return z.NEVER;
});

/**
 * A notification of whatever contract. Strangers emit what a node can't write as JSON, and it puts a text in its place:
 * so the state is looked at only where the contract is the one that is followed.
 */
const emitted = z.object({
  contract: z.string().transform((text) => text.toLowerCase() as ScriptHash),
  eventname: z.string(),
  state: z.unknown(),
});
export type Emitted = z.output<typeof emitted>;
export type EmittedBy = Emitted & { container: TxHash };

/** By hand, as an indexer looks at hundred thousands of them. The node was asked for one contract, by its hash. */
function isBlockNotifications(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { application } = value as { application?: unknown };
  return application === undefined || (Array.isArray(application) && application.every(isEmittedBy));
}

function isEmittedBy(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { container, contract, eventname } = value as Record<string, unknown>;
  const isNamed = typeof contract === 'string' && typeof eventname === 'string';
  return isNamed && typeof container === 'string' && /^0x[0-9a-f]{64}$/.test(container);
}

const exception = z
  .string()
  .nullish()
  .transform((text) => text ?? null);
const effects = { exception, gasconsumed: decimal, notifications: z.array(emitted) };
/** What is left on the stack of a script that stopped halfway, or of a stranger's, may be anything. */
const anyStack = stack.catch([]);

const transfer = z.object({
  timestamp: count,
  assethash: scriptHashSchema,
  transferaddress: z
    .string()
    .nullish()
    .transform((text) => text || null),
  amount: decimal,
  blockindex: count,
  txhash: txHash,
});

export const answers = {
  getversion: z.object({
    useragent: z.string(),
    protocol: z.object({
      network: count,
      msperblock: count.positive(),
      maxvaliduntilblockincrement: count,
      validatorscount: count,
    }),
  }),
  getblockcount: count.positive(),
  getblockhash: blockHash,
  getblockheader: z.union([rawHeader, header]),
  getblock: header.extend({ tx: z.array(z.object({ hash: txHash })) }),
  /** Of transactions that ended in HALT; a kind without any is left out. */
  getblocknotifications: z.custom<{ application?: EmittedBy[] }>(isBlockNotifications, 'expected notifications'),
  getapplicationlog: z.object({
    executions: z
      .array(z.object({ trigger: z.string(), vmstate: z.enum(['HALT', 'FAULT']), stack: anyStack, ...effects }))
      .min(1),
  }),
  gettransactionheight: count,
  invokescript: z.discriminatedUnion('state', [
    z.object({ state: z.literal('HALT'), stack, session: z.string().optional(), ...effects }),
    z.object({ state: z.literal('FAULT'), stack: anyStack, ...effects }),
  ]),
  traverseiterator: stack,
  calculatenetworkfee: z.object({ networkfee: z.union([decimal, count.transform(String)]) }),
  sendrawtransaction: z.object({ hash: txHash }),
  getcontractstate: z.object({ id: z.int(), hash: scriptHashSchema, manifest: z.object({ name: z.string() }) }),
  /** What the whole chain holds as of a block, by its hash. */
  getstateroot: z.object({ index: count, roothash: z.string().regex(/^0x[0-9a-f]{64}$/) }),
  findstates: z.object({
    results: z
      .array(z.object({ key: z.base64(), value: z.base64() }))
      .nullish()
      .transform((results) => results ?? []),
    truncated: z.boolean(),
  }),
  getproof: z.base64(),
  /** GAS and other tokens that came and went, burnt and minted ones without another account. */
  getnep17transfers: z.object({ sent: z.array(transfer), received: z.array(transfer) }),
  findstorage: z.object({
    results: z.array(z.object({ key: z.base64(), value: z.base64() })),
    next: count,
    truncated: z.boolean(),
  }),
} satisfies Record<string, z.ZodType>;

/** The methods that are asked of nodes. */
export type Method = keyof typeof answers;
export type AnswerOf<M extends Method> = z.output<(typeof answers)[M]>;

export type Header = AnswerOf<'getblockheader'>;

/** The fields of a notification, or null where they are not what a contract can emit. */
export function stateOf({ state }: Pick<Emitted, 'state'>): StackItem[] | null {
  return isStackItem(state) && (state.type === 'Array' || state.type === 'Struct') ? state.value : null;
}
