import type { Command } from 'commander';
import { openApi } from '../api.ts';
import type { Settings } from '../config.ts';
import { openChain } from '../connect.ts';
import { differences, readBooks } from '../demo/books.ts';
import { makeCalls, submitCalls, waitUntilDecided } from '../demo/calls.ts';
import { closeEscrow, deployProviders, fundCast, type OpenedEscrow, openEscrows, registerUsers } from '../demo/cast.ts';
import { readConservation } from '../demo/conservation.ts';
import { callsTable, lawLines, partiesTable } from '../demo/show.ts';
import { act, examples } from '../program.ts';
import { openDevnet } from '../purse.ts';
import { Refusal } from '../refusal.ts';

const about = `
Two providers and three users with fresh keys, funded from the devnet's purse; escrows with and without vouchers;
twenty calls, among them one whose record is sent twice at once, one whose record is sent again with another content,
two that nobody answers, and one that costs more than is reserved for it. Shows what was paid and why, and that the
contract holds exactly what it owes. Exit status 1 where anything is not as the demo computes it itself. Run it as
often as you like.
`;

/** Two providers, three users and twenty calls on a devnet, from the deposit to the payout. */
export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('the whole way of the money, on the devnet that npm start runs or that of the settings')
    .addHelpText('after', `${about}${examples('demo')}`)
    .action(act(demo));
}

const begin = performance.now();
const say = (text: string) => console.log(`${((performance.now() - begin) / 1000).toFixed(1).padStart(5)} s  ${text}`);
const show = (title: string, lines: readonly string[]) => console.log(['', title, ...lines].join('\n'));

async function demo(settings: Settings): Promise<void> {
  const { operator } = settings;
  const devnet = await openDevnet(settings);
  if (!operator)
    throw new Refusal('who settles for the providers? KRYPTON_OPERATOR: expected the address of the operator');
  const chain = await openChain(settings);
  const api = await openApi(settings);

  const { cast, height } = await fundCast(chain, await devnet.openPurse());
  say(`two providers and three users have fresh keys and GAS for fees (block ${height})`);
  await deployProviders(chain, cast, operator);
  say('the providers are deployed, and have named the operator who settles for them');
  await registerUsers(chain, cast);
  say('the users are registered with both of them, and have paid their deposits in');
  const opened = await openEscrows(chain, cast);
  say(`escrows ${opened.map(({ id }) => id).join(', ')} are open; calls run`);
  const made = await makeCalls(chain, cast, opened);
  const sent = await submitCalls(api, made);
  say(
    `${made.length} calls are over, their records handed in, one of them twice at once, one again with another content`,
  );
  const tooSmall = opened.find(({ name }) => name === 'tooSmall') as OpenedEscrow;
  await closeEscrow(chain, cast, tooSmall);
  say(`escrow ${tooSmall.id} held too little for its call, and is closed by its user`);
  const decided = await waitUntilDecided(api, made);
  const transactions = new Set([...decided.values()].flatMap(({ txHash }) => txHash ?? []));
  say(`all is decided; settled by ${[...transactions].join(', ') || 'no transaction'}`);

  const [books, law] = [await readBooks(chain, cast, opened), await readConservation(chain)];
  show('Who has what (GAS, read from the chain)', partiesTable(cast, books));
  show('What was paid for each call', callsTable(made, sent, decided));
  show('What the contract holds is what it owes', lawLines(law));
  const wrong = differences(cast, made, sent, decided, books, law);
  if (wrong.length === 0) {
    console.log('\nAll is as computed.');
    return;
  }
  show('NOT as computed:', wrong);
  throw new Refusal('not all is as the demo computes it');
}
