import { type ScriptHash, scriptHashOfBytes } from '../types/hash.ts';
import { ALL_CALL_FLAGS, callContract, opcode } from './vm.ts';

/** A call, with all call flags, and its arguments as the VM sees them; `mustReturnTrue`: else nothing of the transaction takes place. */
export type ReadCall = { contract: ScriptHash; method: string; args: readonly ReadArgument[]; mustReturnTrue: boolean };
export type ReadArgument = null | boolean | bigint | Uint8Array | readonly ReadArgument[];

/**
 * A call's answer on the stack: nothing but a check may use it, else what a script does would depend on what others
 * say.
 */
type Answer = { answerOf: number };
type Item = ReadArgument | Answer;

const isAnswer = (item: Item | undefined): item is Answer =>
  typeof item === 'object' && item !== null && 'answerOf' in item;

/** The VM's own limit is 2048 items. */
const MAX_ITEMS = 2_048;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The contract calls that a script makes, by running the few instructions that such scripts consist of. Null: it does
 * something else, whatever that is.
 */
export function readCalls(script: Uint8Array): ReadCall[] | null {
  const stack: Item[] = [];
  const calls: ReadCall[] = [];
  for (let place = 0; place < script.length; ) {
    const code = script[place] as number;
    const pushed = readPush(script, place);
    if (pushed) {
      stack.push(pushed.value);
      place = pushed.next;
    } else if (code === opcode.SYSCALL) {
      const call = readCall(script.subarray(place + 1, place + 5), stack);
      if (!call) return null;
      stack.push({ answerOf: calls.push(call) - 1 });
      place += 5;
    } else {
      if (!(code === opcode.ASSERT ? assert(stack, calls) : code === opcode.PACK && pack(stack))) return null;
      place += 1;
    }
    if (stack.length > MAX_ITEMS) return null;
  }
  return stack.every(isAnswer) ? calls : null;
}

function readCall(syscall: Uint8Array, stack: Item[]): ReadCall | null {
  if (syscall.length !== 4 || !syscall.every((byte, i) => byte === callContract[i])) return null;
  const [contract, method, flags, args] = [stack.pop(), stack.pop(), stack.pop(), stack.pop()];
  if (!(contract instanceof Uint8Array && contract.length === 20 && method instanceof Uint8Array)) return null;
  if (flags !== ALL_CALL_FLAGS || !Array.isArray(args)) return null;
  const name = textOf(method);
  return name === null ? null : { contract: scriptHashOfBytes(contract), method: name, args, mustReturnTrue: false };
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

/** Of an answer: the call has to return true. */
function assert(stack: Item[], calls: ReadCall[]): boolean {
  const item = stack.pop();
  const call = isAnswer(item) ? calls[item.answerOf] : undefined;
  if (call) call.mustReturnTrue = true;
  return call !== undefined;
}

function pack(stack: Item[]): boolean {
  const count = stack.pop();
  if (typeof count !== 'bigint' || count < 0n || count > BigInt(stack.length)) return false;
  const items = stack.splice(stack.length - Number(count)).toReversed();
  if (items.some(isAnswer)) return false;
  stack.push(items as readonly ReadArgument[]);
  return true;
}

/** A value that the instruction at this place pushes, and where the next one stands; null where it pushes none. */
function readPush(script: Uint8Array, place: number): { value: ReadArgument; next: number } | null {
  const code = script[place] as number;
  const after = place + 1;
  if (code <= opcode.PUSHINT256) {
    const next = after + 2 ** (code - opcode.PUSHINT8);
    return next > script.length ? null : { value: integerOf(script.subarray(after, next)), next };
  }
  if (code >= opcode.PUSHM1 && code <= opcode.PUSH16) return { value: BigInt(code - opcode.PUSH0), next: after };
  if (code === opcode.PUSHT || code === opcode.PUSHF) return { value: code === opcode.PUSHT, next: after };
  if (code === opcode.PUSHNULL) return { value: null, next: after };
  if (code === opcode.NEWARRAY0) return { value: [], next: after };
  if (code < opcode.PUSHDATA1 || code > opcode.PUSHDATA4) return null;
  const start = after + 2 ** (code - opcode.PUSHDATA1);
  const next = start + Number(unsignedOf(script.subarray(after, start)));
  return start > script.length || next > script.length ? null : { value: script.slice(start, next), next };
}

/** The lowest byte first. */
const unsignedOf = (bytes: Uint8Array): bigint => bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
/** Two's complement. */
const integerOf = (bytes: Uint8Array): bigint => BigInt.asIntN(bytes.length * 8, unsignedOf(bytes));
