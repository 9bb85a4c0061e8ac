import { signal } from '@preact/signals';
import '../purse/view/purse.css';
import { createRpc, readVersion } from '../../chain/rpc.ts';
import { messageOfContent } from '../../protocol/contract/transaction.ts';
import type { Key } from '../../protocol/sign/key.ts';
import type { ScriptHash } from '../../protocol/types/hash.ts';
import { openChain } from '../purse/core/chain.ts';
import { isRefusal, type Refusal, refusalOf } from '../purse/core/refusal.ts';
import { journalOf, memoryStore, openStore, type Store } from '../purse/core/store.ts';
import { createPurse, type Purse } from '../purse/purse.ts';
import { ActivitySheet } from '../purse/view/activity-sheet.tsx';
import { t } from '../ui/strings/strings.ts';
import { Toasts } from '../ui/toast.tsx';
import { Belongings } from './belongings.tsx';
import { Question } from './question.tsx';

type Opened = { purse: Purse; end: () => void };

const opened = signal<Opened | null>(null);

/** What the contract holds for an address, and how to take it back with nothing but a node. */
export function Rescue() {
  const words = t.value.rescue;
  const { value } = opened;
  return (
    <main class="purse-page purse-alone" tabIndex={-1}>
      <h1>{words.title}</h1>
      <p class="quiet">{words.why}</p>
      {value ? <Belongings purse={value.purse} onForget={forget} /> : <Question onOpen={open} />}
      <ActivitySheet />
      <Toasts />
    </main>
  );
}

/** The page has no memory of the key after that. */
function forget(): void {
  opened.value?.end();
  opened.value = null;
}

/** The node says which network it is of: what is signed counts there alone. Null: it is open. */
async function open(node: string, contract: ScriptHash, key: Key): Promise<Refusal | null> {
  try {
    const { network } = await readVersion(createRpc([node]));
    const chain = openChain({ nodes: [node], network, contract });
    const purse = createPurse({
      chain,
      journal: journalOf(await store()),
      identity: { address: key.address, publicKey: key.publicKey },
      sign: (content) => key.sign(messageOfContent(content, network)),
    });
    await purse.refresh();
    const trouble = purse.trouble.value;
    if (trouble && isRefusal(trouble)) return trouble;
    opened.value = { purse, end: purse.start() };
    return null;
  } catch (error) {
    return refusalOf(error);
  }
}

/** A page from a disk may keep nothing in some browsers: then it remembers for as long as it is open. */
const store = (): Promise<Store> => openStore().catch(() => memoryStore());
