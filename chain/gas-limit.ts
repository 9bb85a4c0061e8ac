import { sha256 } from '@noble/hashes/sha2.js';
import { asInteger } from '../protocol/contract/stack-item.ts';
import { base64OfBytes } from '../protocol/types/bytes.ts';
import type { AnswerOf } from './answers.ts';
import { GasLimitReached } from './errors.ts';
import type { Ask } from './node.ts';

/**
 * A node gives a dry run only so much GAS (its MaxGasInvoke), and what needs more ends in a FAULT that looks like a
 * refusal of the contract. There is no code for it and `getversion` does not tell the limit, but a script can ask for
 * it: what the VM has left and what it has used add up to it. A VM counts an instruction before it runs it, so a run
 * that was cut off used more than that.
 * @throws GasLimitReached where the node's limit ended the run, and not the script
 */
export async function refuseCutOff(node: Ask & { name: string }, run: AnswerOf<'invokescript'>): Promise<void> {
  if (run.state === 'HALT') return;
  const probe = await node.call('invokescript', [base64OfBytes(gasLeft)]);
  const [left] = probe.stack;
  if (probe.state === 'HALT' && left) {
    const [used, rest] = [BigInt(probe.gasconsumed), asInteger(left)];
    if (rest < 0n || BigInt(run.gasconsumed) <= used + rest) return; // -1: no limit
  }
  throw new GasLimitReached(`${node.name} gives a dry run too little GAS for this script (MaxGasInvoke)`);
}

const SYSCALL = 0x41;
/** The VM knows its system calls by the first four bytes of the hash of their name. */
const gasLeft = Uint8Array.of(SYSCALL, ...sha256(new TextEncoder().encode('System.Runtime.GasLeft')).subarray(0, 4));
