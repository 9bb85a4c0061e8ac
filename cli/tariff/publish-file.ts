import { z } from 'zod';
import { openApi } from '../api.ts';
import type { Settings } from '../config.ts';
import { openSigning } from '../connect.ts';
import { askKit } from '../kit.ts';
import { fields, print } from '../print.ts';
import { countsInWords, findChanges } from './changes.ts';
import { publish } from './publish.ts';
import { readDeckFile } from './read-deck.ts';
import { factFields, factsOf, warningLines } from './report.ts';

/**
 * The file is looked at before anything is opened, and the API before the wallet. A kit's own wallet service has the
 * document before its hash is on chain: a hash without one would hold up every call.
 */
export async function publishFile(
  settings: Settings,
  file: string,
  { uri, kit }: { uri?: string; kit?: string },
): Promise<void> {
  const read = await readDeckFile(file);
  const api = await openApi(settings);
  const chain = await openSigning(settings);
  const { signer } = chain;
  if (kit !== undefined) await askKit(kit, 'PUT', '/tariff', z.object({ hash: z.literal(read.hash) }), read.document);
  const done = await publish({ api: api.as(signer), chain }, read, uri);
  const facts = factsOf(read);
  const { txHash = null, height = null } = done.receipt ?? {};
  const changes = done.receipt && findChanges(done.before, read.deck, 0);
  const { handedIn, isInForce } = done;
  print(
    settings.json,
    {
      ...facts,
      uri: done.uri,
      handedIn,
      setOnChain: done.receipt !== null,
      isInForce,
      txHash,
      height,
      counts: changes?.counts ?? null,
    },
    () => [
      ...fields({
        ...factFields(facts),
        uri: done.uri,
        changes: changes && countsInWords(changes),
        transaction: txHash,
        block: height,
      }),
      ...warningLines(facts.warnings),
      '',
      outcomeText(done.receipt === null, isInForce, read.deck.effectiveFrom),
    ],
  );
}

function outcomeText(stoodAlready: boolean, isInForce: boolean, effectiveFrom: string): string {
  if (!isInForce) return `Published${stoodAlready ? ' already' : ''}: it takes effect at ${effectiveFrom}.`;
  return stoodAlready ? 'Already in force: nothing had to be done on chain.' : 'In force: it prices your calls now.';
}
