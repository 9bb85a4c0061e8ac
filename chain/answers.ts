import { z } from 'zod';
import { isStackItem, type StackItem } from '../protocol/contract/stack-item.ts';
import type { Brand } from '../protocol/types/brand.ts';
import { type BlockHash, type ScriptHash, scriptHashSchema, type TxHash } from '../protocol/types/hash.ts';

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

/**
 * A notification of whatever contract. Strangers emit what a node can't write as JSON, and it puts a text in its place:
 * so the state is looked at only where the contract is the one that is followed.
 */
const emitted = z.object({
  contract: z.string().transform((text) => text.toLowerCase() as ScriptHash),
  eventname: z.string(),
  state: z.unknown(),
});
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
  getblockheader: header,
  getblock: header.extend({ tx: z.array(z.object({ hash: txHash })) }),
  /** Of transactions that ended in HALT; a kind without any is left out. */
  getblocknotifications: z.object({ application: z.array(emitted.extend({ container: txHash })).optional() }),
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
  getcontractstate: z.object({ hash: scriptHashSchema, manifest: z.object({ name: z.string() }) }),
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

export type Emitted = z.output<typeof emitted>;
export type Header = AnswerOf<'getblockheader'>;

/** The fields of a notification, or null where they are not what a contract can emit. */
export function stateOf({ state }: Pick<Emitted, 'state'>): StackItem[] | null {
  return isStackItem(state) && (state.type === 'Array' || state.type === 'Struct') ? state.value : null;
}
