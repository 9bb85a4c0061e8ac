import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { WrongNetwork } from '../../chain/errors.ts';
import { type Executed, readExecuted } from '../../chain/outcome.ts';
import { parseJson } from '../../protocol/api/json.ts';
import {
  checkClaim,
  checkProof,
  type Place,
  type Proof,
  type ProofFault,
  proofSchema,
  sentenceOf,
} from '../../protocol/call/proof.ts';
import type { TxHash } from '../../protocol/types/hash.ts';
import { readStdin } from '../ask.ts';
import type { Settings } from '../config.ts';
import { openNode } from '../connect.ts';
import { fields, money, print } from '../print.ts';
import { act, examples } from '../program.ts';
import { Refusal } from '../refusal.ts';

/** What anybody can check, with a NEO node alone. */
export function addAudit(program: Command): void {
  const audit = program.command('audit').description('check what was paid, against any NEO node and nothing else');
  audit
    .command('verify')
    .description('whether a call is in a claim that the chain has settled; asks the NEO node that you name, and no API')
    .argument('<proof.json|->', 'file of krypton cdr proof; - reads standard input')
    .addHelpText(
      'after',
      examples('audit verify proof.json --rpc https://node.example:10332', 'audit verify proof.json --json'),
    )
    .action(act(verify));
}

async function verify(settings: Settings, file: string): Promise<void> {
  const proof = readProof(file, file === '-' ? await readStdin() : await readText(file));
  const faults = checkProof(proof);
  if (faults.length > 0) throw refusalOf(faults);
  const isKnownContract = checkContract(settings, proof);
  const executed = await readTransaction(settings, proof);
  const placed = checkClaim(proof, executed.execution.notifications);
  if (Array.isArray(placed)) throw refusalOf(placed);
  const { txHash, claim, cdr, leaf, contract, network } = proof;
  const place = { call: Number(placed.call), calls: Number(placed.of) };
  const block = { height: executed.height, time: executed.time.toISOString() };
  const paid = { amount: leaf.sum, cdr };
  print(
    settings.json,
    { holds: true, network, contract, isKnownContract, claim, txHash, ...block, place, ...paid },
    () => statement(proof, placed, executed, isKnownContract),
  );
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error) => {
    throw new Refusal(error.code === 'ENOENT' ? `there is no file ${file}` : `can't read ${file}`, { cause: error });
  });
}

function readProof(file: string, text: string): Proof {
  const what = file === '-' ? 'standard input' : file;
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (cause) {
    throw new Refusal(`${what} is no proof: it is no JSON (${(cause as Error).message})`, { cause });
  }
  const { data, error } = proofSchema.safeParse(value);
  if (data) return data;
  const [issue] = error.issues;
  throw new Refusal(`${what} is no proof: ${issue?.path.join('.') || 'all of it'}: ${issue?.message}`);
}

const refusalOf = (faults: readonly ProofFault[]) =>
  new Refusal(`the proof does not hold: ${faults.map(sentenceOf).join('; ')}`);

/**
 * Anybody can put a contract on the chain that says what they like: whether it is KRYPTON, the file can't tell. A stack
 * that runs here knows its own network only. @throws Refusal where the person means another one
 */
function checkContract({ contract, stack }: Settings, proof: Proof): boolean {
  if (contract === undefined || (contract === stack?.contract && stack.network !== proof.network)) return false;
  if (contract === proof.contract) return true;
  throw new Refusal(`the proof does not hold: it is of contract ${proof.contract}, the configured one is ${contract}`);
}

async function readTransaction(settings: Settings, { network, txHash }: Proof): Promise<Executed> {
  if (settings.network !== undefined && settings.network !== network && settings.network !== settings.stack?.network)
    throw new Refusal(
      `the proof does not hold: it is of network ${network}, the configured one is ${settings.network}`,
    );
  const { rpc } = await openNode({ ...settings, network }).catch((cause) => {
    if (!(cause instanceof WrongNetwork)) throw cause;
    throw new Refusal(`${cause.message}, that of the proof: --rpc <url> names a node of it`, { cause });
  });
  const executed = await readExecuted(rpc, txHash as TxHash);
  if (!executed) throw new Refusal(`the proof does not hold: the node knows no transaction ${txHash}`);
  const { state, exception } = executed.execution;
  if (state === 'HALT') return executed;
  throw new Refusal(`the proof does not hold: transaction ${txHash} has failed, and settled nothing (${exception})`);
}

function statement(proof: Proof, { call, of, settled }: Place, executed: Executed, isKnownContract: boolean): string[] {
  const { cdr, claim, leaf, contract, network, txHash } = proof;
  const what = cdr ? `this call, at this price, under ${deckOf(cdr)},` : 'a call at this price';
  const where = `claim ${claim.seq} of escrow ${claim.escrowId} (transaction ${txHash}, block ${executed.height})`;
  return [
    `The proof holds: ${what} is in ${where}.`,
    ...(cdr ? [] : ['Which call it was, and under which deck, only its parties can show.']),
    '',
    ...fields({
      call: cdr?.callId,
      user: cdr?.user,
      direction: cdr?.direction,
      from: cdr?.from,
      to: cdr?.to,
      'started at': cdr?.startedAt,
      'answered at': cdr?.answeredAt,
      'ended at': cdr?.endedAt,
      billed: cdr && `${cdr.billableSeconds} s`,
      price: money(BigInt(leaf.sum)),
      leaf: leaf.hash,
      place: `call ${call} of the ${of} in the claim, which cost ${money(settled.amount)} together`,
      block: `${executed.height}, ${executed.time.toISOString()}`,
      contract: `${contract} on network ${network}`,
    }),
    ...(isKnownContract
      ? []
      : ['', 'Compare the contract with the one that you know: --contract <hash> does it for you.']),
  ];
}

const deckOf = ({ tariffHash }: NonNullable<Proof['cdr']>): string =>
  tariffHash === null ? "the escrow's own terms" : `the rate deck ${tariffHash}`;
