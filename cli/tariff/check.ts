import type { Client } from '../../protocol/api/client.ts';
import { listTariffs } from '../../protocol/api/tariffs.ts';
import type { Address } from '../../protocol/types/address.ts';
import type { Hex } from '../../protocol/types/bytes.ts';
import { openApi } from '../api.ts';
import type { Settings } from '../config.ts';
import { openChain } from '../connect.ts';
import { fields, print } from '../print.ts';
import { Refusal } from '../refusal.ts';
import { findChanges } from './changes.ts';
import type { CsvOptions } from './csv-options.ts';
import type { HashedDeck } from './deck-file.ts';
import { type InForce, readInForce } from './in-force.ts';
import { providerOf, readCsvDeck, readDeckFile } from './read-deck.ts';
import {
  comparedWith,
  comparisonLines,
  factFields,
  factsOf,
  importFacts,
  importLines,
  warningLines,
} from './report.ts';

type CheckGiven = CsvOptions & { show: number };

/** How a file stands to the deck on chain and to the one in force. */
type Standing = 'inForce' | 'onChain' | 'handIn' | 'other' | 'notCompared';

const standingText: Record<Standing, string> = {
  inForce: 'it is the deck in force',
  onChain: 'its hash stands on chain; it takes effect at its time',
  handIn: 'its hash stands on chain, and nobody has handed it in: krypton tariff publish does so',
  other: 'it is not published',
  notCompared: 'not compared with the deck in force: no API is known (--api <url>)',
};

/** Without an API a file is still checked for itself. */
export async function check(settings: Settings, file: string, given: CheckGiven): Promise<void> {
  const fromCsv = /\.json$/i.test(file) ? null : await readCsvDeck(settings, file, given);
  const read = fromCsv ?? (await readDeckFile(file));
  await refuseOther(settings, file, read, given);
  const facts = factsOf(read);
  const known = settings.api === undefined ? null : await compare(settings, read, given.show);
  const { standing, inForce, changes } = known ?? { standing: 'notCompared' as const, inForce: null, changes: null };
  print(
    settings.json,
    {
      file,
      ...facts,
      ...(fromCsv && importFacts(fromCsv)),
      standing,
      inForce: comparedWith(inForce),
      ...changes,
    },
    () => [
      ...fields({ file, ...factFields(facts), lines: fromCsv?.lines, standing: standingText[standing] }),
      ...(fromCsv ? importLines(fromCsv) : []),
      ...warningLines(facts.warnings),
      ...(changes ? comparisonLines(inForce, changes) : []),
    ],
  );
}

/** A deck is the provider's whose address it holds; who names another one means another deck. */
async function refuseOther(settings: Settings, file: string, { deck }: HashedDeck, given: CheckGiven): Promise<void> {
  if (given.provider === undefined && settings.wallet === undefined) return;
  const expected = await providerOf(settings, given.provider);
  if (deck.provider !== expected) throw new Refusal(`${file} is the deck of ${deck.provider}, not of ${expected}`);
}

async function compare(settings: Settings, { deck, hash }: HashedDeck, show: number) {
  const api = await openApi(settings);
  const inForce = await readInForce(api, deck.provider);
  const standing = standingOf(hash, inForce, await hashOnChain(settings, api, deck.provider));
  return { standing, inForce, changes: findChanges(inForce?.known?.deck ?? null, deck, show) };
}

/** The hash that was set last, as a node says; where none is known, as the API says. */
async function hashOnChain(settings: Settings, api: Client, provider: Address): Promise<string | null> {
  if (settings.rpc && settings.contract) {
    const { reader } = await openChain(settings);
    return (await reader.provider(provider))?.tariffHash ?? null;
  }
  const { items } = await api.call(listTariffs, { params: { address: provider }, query: { limit: 1 } });
  return items[0]?.hash ?? null;
}

function standingOf(hash: Hex, inForce: InForce, onChain: string | null): Standing {
  if (inForce?.set.hash === hash) return inForce.known ? 'inForce' : 'handIn';
  return onChain === hash ? 'onChain' : 'other';
}
