import { type ReadonlySignal, signal } from '@preact/signals';
import { type Activity, activity, show } from './activity.ts';
import type { Action } from './core/action.ts';
import type { Chain } from './core/chain.ts';
import { type Holdings, readHoldings } from './core/holdings.ts';
import { type Entry, entriesOf, isPending, type Journal } from './core/journal.ts';
import { type Identity, type Prepared, prepare } from './core/prepare.ts';
import { isRefusal, type Refusal, refusalOf, refused } from './core/refusal.ts';
import { followEntry, type SubmitDeps, submit } from './core/submit.ts';

/** The signature over these bytes, by whoever holds the key. It may ask its person first. */
export type SignContent = (content: Uint8Array) => Promise<Uint8Array | Refusal>;

export type PurseDeps = { chain: Chain; journal: Journal; identity: Identity; sign: SignContent };

export type Purse = {
  chain: Chain;
  identity: Identity;
  /** Null before they were read. They stay while the node is away. */
  holdings: ReadonlySignal<Holdings | null>;
  /** Why they can't be read now. */
  trouble: ReadonlySignal<Refusal | null>;
  /** What was done here with this account, the newest first. */
  entries: ReadonlySignal<readonly Entry[]>;
  refresh(): Promise<void>;
  /** Asks, signs, sends once and waits for the block. `automatic`: the user has agreed to it before. */
  act(action: Action, options?: { automatic?: boolean }): Promise<Entry | Refusal>;
  /** Reads again with each block, and looks up what a page before this one has sent. Returns how to end that. */
  start(): () => void;
};

/** A node that is so many blocks behind the last one knows less; more than that is a devnet that began anew. */
const MAX_LAG = 100;
/** Seldom enough for a public node, and within a block of it. */
const REFRESH_MS = 5_000;

export function createPurse({ chain, journal, identity, sign }: PurseDeps): Purse {
  const holdings = signal<Holdings | null>(null);
  const trouble = signal<Refusal | null>(null);
  const entries = signal<readonly Entry[]>([]);

  async function refresh(): Promise<void> {
    try {
      const read = await readHoldings(chain, identity.address);
      const behind = (holdings.value?.height ?? 0) - read.height;
      if (behind <= 0 || behind > MAX_LAG) holdings.value = read;
      trouble.value = null;
    } catch (error) {
      trouble.value = refusalOf(error);
    }
  }

  async function showEntries(): Promise<void> {
    entries.value = entriesOf(await journal.all(), { ...chain, address: identity.address });
  }

  const depsOf = (report: SubmitDeps['report']): SubmitDeps => ({
    chain,
    journal,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    report: (entry, problem) => {
      void showEntries();
      report(entry, problem);
    },
  });

  async function ask({ statement }: Prepared): Promise<boolean> {
    return new Promise((resolve) => {
      show({ step: 'asking', statement, answer: resolve });
    });
  }

  async function act(action: Action, { automatic = false } = {}): Promise<Entry | Refusal> {
    const tell = (next: Activity | null): void => {
      if (!automatic) show(next);
    };
    const refuse = (refusal: Refusal): Refusal => {
      tell({ step: 'refused', refusal });
      return refusal;
    };
    tell({ step: 'preparing' });
    const made = await prepare(chain, identity, action);
    if (made.kind === 'refused') return refuse(made);
    const { statement } = made;
    if (!automatic && !(await ask(made))) {
      const shown = activity.peek();
      if (shown?.step === 'asking' && shown.statement === statement) activity.value = null; // or another question is up
      return refused('declined', {});
    }
    tell({ step: 'signing', statement });
    const signature = await sign(made.content);
    if (!(signature instanceof Uint8Array)) return refuse(signature);
    /** The person may close the sheet while it waits; it is not opened again for that. */
    let isWatched = !automatic;
    const deps = depsOf((entry, problem) => {
      const seen = activity.value;
      isWatched &&= seen?.step === 'signing' || (seen?.step === 'waiting' && seen.entry.hash === entry.hash);
      if (isWatched) activity.value = { step: 'waiting', statement, entry, trouble: problem };
    });
    const sent = await submit(deps, identity, made, { signature, automatic });
    if (isRefusal(sent)) return refuse(sent);
    const ended = await followEntry(deps, sent);
    await Promise.all([refresh(), showEntries()]);
    if (isWatched) activity.value = { step: 'ended', statement, entry: ended };
    return ended;
  }

  function start(): () => void {
    let isEnded = false;
    void showEntries().then(() => {
      for (const entry of entries.value.filter(isPending))
        void followEntry(
          depsOf(() => {}),
          entry,
        ).then(refresh);
    });
    const keepReading = async () => {
      while (!isEnded) {
        if (document.visibilityState === 'visible') await refresh();
        await new Promise((resolve) => setTimeout(resolve, REFRESH_MS));
      }
    };
    void keepReading();
    return () => {
      isEnded = true;
    };
  }

  return { chain, identity, holdings, trouble, entries, refresh, act, start };
}
