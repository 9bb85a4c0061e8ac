import { effect, signal } from '@preact/signals';
import type { Address } from '../../../protocol/types/address.ts';
import type { Datoshi } from '../../../protocol/types/datoshi.ts';
import { address } from '../../wallet/account.ts';
import { nodes, settings } from '../settings.ts';

/** GAS at the address itself, as the node said last; null: not known yet. */
export const funds = signal<Datoshi | null>(null);
export const nodeSilent = signal(false);

const KEY = 'krypton.hadMoney';
/** The step "put GAS into it" is done once money was seen; what is spent later does not undo it. */
export const hasMoney = signal(false);

/** A block takes 3 to 15 s; a person who waits for money looks at the screen. */
const ASK_EVERY_MS = 3_000;

/** Asks as long as somebody looks. Answers how to stop. */
export function watchFunds(of: Address): () => void {
  let stopped = false;
  const ask = async () => {
    if (document.visibilityState === 'visible') await read(of);
    if (!stopped) timer = setTimeout(ask, ASK_EVERY_MS);
  };
  let timer = setTimeout(ask, 0);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

async function read(of: Address): Promise<void> {
  // What builds transactions is large, and comes with the first question to a node.
  const [{ createRpc }, { readGasBalance }] = await Promise.all([
    import('../../../chain/rpc.ts'),
    import('../../../chain/gas.ts'),
  ]);
  try {
    funds.value = await readGasBalance(createRpc(nodes(), { network: settings().network }), of);
    nodeSilent.value = false;
    if (funds.value > 0n) noteMoney(of);
  } catch {
    nodeSilent.value = true; // it is asked again; the page says so meanwhile
  }
}

function noteMoney(of: Address): void {
  hasMoney.value = true;
  localStorage.setItem(KEY, of);
}

/** Which address it was is no secret, and another wallet in this browser begins anew. */
export function rememberMoney(): void {
  effect(() => {
    hasMoney.value = address.value !== null && localStorage.getItem(KEY) === address.value;
    funds.value = null;
  });
}
