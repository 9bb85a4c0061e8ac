import type { Command } from 'commander';
import { openApi } from '../api.ts';
import type { Settings } from '../config.ts';
import { openChain } from '../connect.ts';
import { differences, readBooks } from '../demo/books.ts';
import { makeCalls, waitUntilDecided } from '../demo/calls.ts';
import {
  closeEscrow,
  deployProviders,
  fundCast,
  type OpenedEscrow,
  openEscrows,
  publishDecks,
  registerUsers,
} from '../demo/cast.ts';
import { readConservation } from '../demo/conservation.ts';
import { patiently } from '../demo/patience.ts';
import { priceDifferences, readPrices } from '../demo/prices.ts';
import { makeRealCalls, realDifferences, whatIsMissing } from '../demo/real-calls.ts';
import { callsTable, lawLines, partiesTable, pricesTable, realTable } from '../demo/show.ts';
import { money } from '../print.ts';
import { act, examples } from '../program.ts';
import { openDevnet } from '../purse.ts';
import { Refusal } from '../refusal.ts';

const about = `
Two providers with different rate decks and three users with fresh keys, funded from the devnet's purse; escrows with and
without vouchers; twenty calls to four places, each asked for before it begins. One is refused, one is cut when its money
ends, two are answered by nobody; one record is sent twice at once, one again with another content. At the end one escrow
is given back. Then SIPp registers with the provider of npm run phone, which is started where it does not run, and makes
three calls through Kamailio: one ends by itself, one with its money, one is refused. Shows what was paid and why, and
that the contract holds exactly what it owes. Exit status 1 where anything is not as the demo computes it itself. Run it
as often as you like; services that die meanwhile do no harm.
`;

/** Two providers, three users and twenty calls on a devnet, from the deposit to the payout. */
export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('the whole way of the money, on the devnet that npm start runs or that of the settings')
    .option('--without-sipp', 'leave out the calls by SIPp')
    .addHelpText('after', `${about}${examples('demo')}`)
    .action(act(demo));
}

const begin = performance.now();
const say = (text: string) => console.log(`${((performance.now() - begin) / 1000).toFixed(1).padStart(5)} s  ${text}`);
const show = (title: string, lines: readonly string[]) => console.log(['', title, ...lines].join('\n'));

async function demo(settings: Settings, { withoutSipp }: { withoutSipp?: boolean }): Promise<void> {
  const { operator } = settings;
  const devnet = await openDevnet(settings);
  if (!operator)
    throw new Refusal('who settles for the providers? KRYPTON_OPERATOR: expected the address of the operator');
  const chain = await openChain(settings);

  const { cast, height } = await fundCast(chain, await devnet.openPurse());
  say(`two providers and three users have fresh keys and GAS for fees (block ${height})`);
  await deployProviders(chain, cast, operator);
  await publishDecks(chain, await openApiPatiently(settings), cast);
  say('the providers are deployed, have named the operator who settles for them, and have published their rate decks');
  await registerUsers(chain, cast);
  say('the users are registered with both of them, and have paid their deposits in');
  const opened = await openEscrows(chain, cast);
  const api = await openApiPatiently(settings); // it answers with what was done so far
  const offers = await readPrices(api, cast);
  show('What a minute costs', pricesTable(offers));
  say(`escrows ${opened.map(({ id }) => id).join(', ')} are open; calls are asked for, and run`);
  const made = await makeCalls(chain, api, cast, opened);
  const refused = made.filter(({ permission }) => !permission.allowed).length;
  say(`${made.length - refused} calls are over and their records handed in, ${refused} was refused`);
  const decided = await waitUntilDecided(api, made);
  const transactions = new Set([...decided.values()].flatMap(({ txHash }) => txHash ?? []));
  say(`all is decided; settled by ${[...transactions].join(', ') || 'no transaction'}`);
  const escrow = opened.find(({ name }) => name === 'closed') as OpenedEscrow;
  const refunded = await closeEscrow(chain, cast, escrow);
  say(`escrow ${escrow.id} is closed by its provider: user ${escrow.user + 1} has ${money(refunded)} back`);

  const [books, law] = [await readBooks(chain, cast, opened), await readConservation(chain)];
  show('Who has what (GAS, read from the chain)', partiesTable(cast, books));
  show('What was paid for each call', callsTable(made, decided));
  show('What the contract holds is what it owes', lawLines(law));
  const missing = withoutSipp ? 'as asked' : whatIsMissing(settings);
  if (missing !== null) say(`left out: calls by SIPp over Kamailio: ${missing}`);
  const real = missing === null ? await makeRealCalls(settings, chain, await devnet.openPurse(), say) : null;
  if (real) show(`What SIPp has called, as ${real.user} by ${real.provider}`, realTable(real));
  const wrong = [
    ...(real ? realDifferences(real) : []),
    ...priceDifferences(offers, cast),
    ...differences(cast, made, decided, { escrow, refunded }, books, law),
  ];
  if (wrong.length === 0) {
    console.log('\nAll is as computed.');
    return;
  }
  show('NOT as computed:', wrong);
  throw new Refusal('not all is as the demo computes it');
}

const openApiPatiently = async (settings: Settings) => (await patiently(() => openApi(settings))).answer;
