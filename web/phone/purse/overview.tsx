import { datoshi } from '../../../protocol/types/datoshi.ts';
import type { Holdings } from '../../purse/core/holdings.ts';
import { isPending } from '../../purse/core/journal.ts';
import { EscrowLine } from '../../purse/view/escrow-line.tsx';
import { deedWords, entryWords } from '../../purse/view/words.ts';
import { AddressView } from '../../ui/address-view.tsx';
import { Amount } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { formatTime } from '../../ui/format.ts';
import { hrefOf } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';
import type { Current } from './current.ts';
import { deedsOfEntry } from './entries.ts';
import { withCurrent } from './with-current.tsx';

/** All that is one's own, where it is, and what can be done with it. */
export const Overview = withCurrent(({ current }) => {
  const words = t.value.purse;
  const holdings = current.purse.holdings.value;
  return (
    <>
      <Sums holdings={holdings} />
      <nav class="purse-actions" aria-label={words.title}>
        <a href={hrefOf('/purse/deposit')}>{words.deposit}</a>
        <a href={hrefOf('/purse/withdraw')}>{words.withdraw}</a>
        <a href={hrefOf('/purse/send')}>{words.send}</a>
        <a href={hrefOf('/purse/history')}>{words.history}</a>
      </nav>
      <UnderWay current={current} />
      {holdings && (
        <>
          <Escrows holdings={holdings} />
          <Registrations current={current} holdings={holdings} />
          <p class="quiet">
            {words.asOf(String(holdings.height), formatTime(holdings.time))}{' '}
            <Button kind="quiet" icon="refresh" aria-label={words.again} onClick={() => current.purse.refresh()} />
          </p>
        </>
      )}
    </>
  );
});

function Sums({ holdings }: { holdings: Holdings | null }) {
  const words = t.value.purse;
  const total = holdings && datoshi(holdings.own + holdings.balance + holdings.reserved);
  const rows = [
    [words.own, holdings?.own ?? null, 'own'],
    [words.balance, holdings?.balance ?? null, 'balance'],
    [words.reserved, holdings?.reserved ?? null, 'reserved'],
  ] as const;
  return (
    <dl class="purse-sums">
      {rows.flatMap(([name, value, id]) => [
        <dt key={`${id}-name`}>{name}</dt>,
        <dd key={id} data-sum={id}>
          <Amount value={value} />
        </dd>,
      ])}
      <dt class="whole">{words.total}</dt>
      <dd class="whole">
        <Amount value={total} />
      </dd>
    </dl>
  );
}

/** What was sent and not yet seen in a block, also by a page before this one. */
function UnderWay({ current }: { current: Current }) {
  const pending = current.purse.entries.value.filter(isPending);
  if (pending.length === 0) return null;
  return (
    <ul class="purse-list" aria-live="polite">
      {pending.map((entry) => (
        <li class="purse-line" key={entry.hash}>
          <span>{deedsOfEntry(entry).map(deedWords).join(' ')}</span>
          <a href={hrefOf(`/transaction/${entry.hash}`)}>{entryWords(entry)}</a>
        </li>
      ))}
    </ul>
  );
}

function Escrows({ holdings }: { holdings: Holdings }) {
  const words = t.value.purse;
  return (
    <section class="purse-form">
      <h2>{words.escrows}</h2>
      {holdings.escrows.length === 0 ? (
        <p class="quiet">{words.noEscrows}</p>
      ) : (
        <ul class="purse-list">
          {holdings.escrows.map((escrow) => (
            <EscrowLine key={escrow.id} escrow={escrow} now={holdings.time} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Registrations({ current, holdings }: { current: Current; holdings: Holdings }) {
  const words = t.value.purse;
  return (
    <section class="purse-form">
      <h2>{words.registrations}</h2>
      {holdings.registrations.length === 0 && <p class="quiet">{words.noRegistrations}</p>}
      <ul class="purse-list">
        {holdings.registrations.map(({ provider, registeredAt }) => (
          <li class="purse-line" key={provider}>
            <a href={hrefOf(`/provider/${provider}`)}>
              <AddressView address={provider} />
            </a>
            <span class="quiet">{words.registered(formatTime(registeredAt))}</span>
            <Button onClick={() => current.purse.act({ kind: 'unregister', provider })}>{words.unregister}</Button>
          </li>
        ))}
      </ul>
      <div class="purse-actions">
        <a href={hrefOf('/providers')}>{words.choose}</a>
      </div>
    </section>
  );
}
