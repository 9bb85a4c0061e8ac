import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { TxHash } from '../../../protocol/types/hash.ts';
import { isOnChain, type Movement, newestFirst, readEscrowHistory, readTransfers } from '../../purse/core/history.ts';
import type { Entry } from '../../purse/core/journal.ts';
import { onlySilence } from '../../purse/core/silence.ts';
import { deedWords, entryWords } from '../../purse/view/words.ts';
import { formatAmount, formatTime } from '../../ui/format.ts';
import { hrefOf } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';
import type { Current } from './current.ts';
import { deedsOfEntry } from './entries.ts';
import { withCurrent } from './with-current.tsx';

/** What was done here, and what else moved one's money on the chain; each with its transaction. */
export const History = withCurrent(({ current }) => {
  const words = t.value.purse;
  const entries = current.purse.entries.value;
  const moved = useMovements(current);
  const known = new Set(entries.map(({ hash }) => hash));
  const others = moved.filter(({ txHash }) => !known.has(txHash));
  return (
    <>
      {entries.length + others.length === 0 && <p class="quiet">{words.noHistory}</p>}
      {entries.length > 0 && <h2>{words.historyHere}</h2>}
      <ul class="purse-list">
        {entries.map((entry) => (
          <Done key={entry.hash} entry={entry} />
        ))}
      </ul>
      {others.length > 0 && <h2>{words.historyChain}</h2>}
      <ul class="purse-list">
        {others.map((movement) => (
          <Moved key={`${movement.txHash} ${wordsOf(movement)}`} current={current} movement={movement} />
        ))}
      </ul>
    </>
  );
});

function useMovements(current: Current): Movement[] {
  const moved = useSignal<Movement[]>([]);
  const { chain, identity } = current.purse;
  useEffect(() => {
    const add = (found: Movement[] | null) => {
      moved.value = newestFirst([...moved.value, ...(found ?? [])]);
    };
    moved.value = [];
    readTransfers(chain, identity.address, new Date()).then(add, onlySilence);
    if (current.client) readEscrowHistory(current.client(), identity.address).then(add, onlySilence);
  }, [current, chain, identity, moved]);
  return moved.value;
}

function Done({ entry }: { entry: Entry }) {
  return (
    <li class="purse-line">
      <span>{deedsOfEntry(entry).map(deedWords).join(' ')}</span>
      <span class="purse-end quiet">
        {formatTime(entry.at)}
        <br />
        <Link hash={entry.hash} text={entryWords(entry)} />
      </span>
    </li>
  );
}

const Link = ({ hash, text }: { hash: TxHash; text: string }) => <a href={hrefOf(`/transaction/${hash}`)}>{text}</a>;

function Moved({ current, movement }: { current: Current; movement: Movement }) {
  const words = t.value.purse;
  const isTold = !('other' in movement);
  const checked = useSignal<boolean | null>(null);
  useEffect(() => {
    if (isTold)
      isOnChain(current.purse.chain, movement).then((is) => {
        checked.value = is;
      }, onlySilence);
  }, [current, movement, isTold, checked]);
  const verdict = checked.value === null ? words.unchecked : checked.value ? words.checked : words.notOnChain;
  return (
    <li class="purse-line">
      <span class={movement.kind === 'overclaimed' ? 'purse-bad' : ''}>{wordsOf(movement)}</span>
      <span class="purse-end quiet">
        {formatTime(movement.time)}
        <br />
        <Link hash={movement.txHash} text={words.transaction} />
        {isTold && <span class={checked.value === false ? 'purse-bad' : ''}> {verdict}</span>}
      </span>
    </li>
  );
}

function wordsOf(movement: Movement): string {
  const words = t.value.purse;
  switch (movement.kind) {
    case 'received':
    case 'paid':
      return words[movement.kind](formatAmount(movement.amount), movement.other);
    case 'settled':
    case 'cameBack':
      return words[movement.kind](formatAmount(movement.amount), String(movement.escrowId));
    case 'overclaimed':
      return words.overclaimed(String(movement.escrowId), words.beyond[movement.beyond]);
    default:
      return movement satisfies never;
  }
}
