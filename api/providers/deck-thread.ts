import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { Address } from '../../protocol/types/address.ts';
import { type CheckedDeck, checkDeck, type DeckFault } from './check-deck.ts';

/** A deck of 200,000 entries takes 0.4 GB while it is checked. */
const MAX_HEAP_MB = 1_024;

/** Checks a deck in a thread of its own: meanwhile this one goes on answering. */
export async function checkDeckApart(
  bytes: Uint8Array,
  provider: Address,
  now: Date,
): Promise<CheckedDeck | DeckFault> {
  const thread = new Worker(new URL(import.meta.url), {
    workerData: { bytes, provider, now },
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  });
  try {
    const [checked] = await once(thread, 'message');
    return checked;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_WORKER_OUT_OF_MEMORY') throw error;
    return { code: 'tooLarge', detail: 'the document takes more memory than any rate deck', errors: [] };
  } finally {
    await thread.terminate();
  }
}

if (!isMainThread && parentPort && workerData?.bytes) {
  const { bytes, provider, now } = workerData;
  parentPort.postMessage(checkDeck(bytes, provider, now));
}
