import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { type Executed, readExecuted } from '../../../chain/outcome.ts';
import { decodeEvent } from '../../../protocol/contract/event.ts';
import { type TxHash, txHashSchema } from '../../../protocol/types/hash.ts';
import { type Refusal, refusalOf } from '../../purse/core/refusal.ts';
import { Trouble } from '../../purse/view/trouble.tsx';
import { deedWords, entryWords } from '../../purse/view/words.ts';
import { copyText } from '../../ui/address-view.tsx';
import { Button } from '../../ui/button.tsx';
import { Failure } from '../../ui/failure.tsx';
import { formatTime } from '../../ui/format.ts';
import { t } from '../../ui/strings/strings.ts';
import type { Current } from './current.ts';
import { deedsOfEntry } from './entries.ts';
import { explorerOf } from './explorer.ts';
import { withCurrent } from './with-current.tsx';

/** What the chain itself says of a transaction. */
export const TransactionView = withCurrent(({ current, parameters }) => {
  const read = txHashSchema.safeParse(parameters.hash);
  return (
    <>{read.success ? <Facts current={current} hash={read.data} /> : <Failure error={t.value.shared.notFound} />}</>
  );
});

function Facts({ current, hash }: { current: Current; hash: TxHash }) {
  const words = t.value.purse;
  const { chain, entries } = current.purse;
  const seen = useSignal<Executed | null | 'reading' | Refusal>('reading');
  const entry = entries.value.find((each) => each.hash === hash);
  const state = entry?.state.kind;
  useEffect(() => {
    readExecuted(chain.rpc, hash).then(
      (executed) => {
        seen.value = executed;
      },
      (error) => {
        seen.value = refusalOf(error);
      },
    );
    // what was waited for is asked for again when it is there
  }, [chain, hash, seen, state]);
  const link = explorerOf(chain.network, hash);
  const found = seen.value;
  return (
    <>
      {entry && (
        <>
          {deedsOfEntry(entry).map((deed) => (
            <p class="purse-deed" key={deedWords(deed)}>
              {deedWords(deed)}
            </p>
          ))}
          <p role="status">{entryWords(entry)}</p>
        </>
      )}
      <p class="purse-hash" translate={false}>
        <bdi class="purse-whole-hash">{hash}</bdi>
        <Button kind="quiet" icon="copy" aria-label={t.value.shared.copy} onClick={() => copyText(hash)} />
      </p>
      {found === 'reading' && <p class="waiting">{words.reading}</p>}
      {found === null && <p>{words.transactionUnknown}</p>}
      {found !== null && typeof found === 'object' && 'code' in found && <Trouble refusal={found} />}
      {found !== null && typeof found === 'object' && 'height' in found && (
        <OnChain current={current} executed={found} />
      )}
      {link !== null && (
        <a href={link} target="_blank" rel="noreferrer noopener">
          {words.explorer}
        </a>
      )}
    </>
  );
}

function OnChain({ current, executed }: { current: Current; executed: Executed }) {
  const words = t.value.purse;
  const own = executed.execution.notifications.filter(({ contract }) => contract === current.purse.chain.contract);
  return (
    <>
      <dl class="purse-facts">
        <dt>{words.block}</dt>
        <dd>{executed.height}</dd>
        <dt>{words.time}</dt>
        <dd>{formatTime(executed.time)}</dd>
      </dl>
      {own.length > 0 && <h2>{words.effects}</h2>}
      {own.map(({ name, state }) => {
        const { name: event, ...fields } = decodeEvent(name, state);
        const text = Object.entries(fields)
          .map(([field, value]) => `${field} ${value}`)
          .join(', ');
        return (
          <p key={`${event} ${text}`}>
            <strong>{event}</strong> <span class="quiet">{text}</span>
          </p>
        );
      })}
    </>
  );
}
