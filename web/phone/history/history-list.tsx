import { useEffect } from 'preact/hooks';
import { Amount } from '../../ui/amount.tsx';
import { formatDuration, formatTime } from '../../ui/format.ts';
import { hrefOf } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';
import { shown } from '../contacts/contacts.ts';
import { outcomeText } from '../telephone/call-text.ts';
import { ReceiptLink } from '../telephone/receipt-link.tsx';
import { history, isTooMuch, type PastCall, secondsOf, seeAll } from './history.ts';

/** So many are shown at a time: a list of thousands is slow to draw. */
const SHOWN = 200;

export function History() {
  const words = t.value.telephone;
  useEffect(() => void seeAll(), []);
  return (
    <section class="stack">
      {history.value.length === 0 && <p class="quiet">{words.noCalls}</p>}
      <ul class="list">
        {history.value.slice(0, SHOWN).map((call) => (
          <Past key={call.id} call={call} />
        ))}
      </ul>
    </section>
  );
}

function Past({ call }: { call: PastCall }) {
  const words = t.value.telephone;
  const { id, peer, direction, outcome, startedAt, bill } = call;
  const seconds = secondsOf(call);
  return (
    <li data-outcome={outcome.kind}>
      <a href={hrefOf(`/phone?to=${encodeURIComponent(peer)}`)} aria-label={words.callThem(shown(peer))}>
        <strong class={outcome.kind === 'missed' ? 'warn' : ''}>
          <span aria-hidden="true">{direction === 'incoming' ? '↙' : '↗'}</span> <bdi>{shown(peer)}</bdi>
        </strong>
      </a>
      <small class="quiet">
        {formatTime(new Date(startedAt))} · {outcomeText(outcome, words)}
        {seconds !== null && ` · ${formatDuration(seconds)}`}
      </small>
      {bill && (
        <small class={isTooMuch(bill) ? 'warn' : 'quiet'}>
          {words.bill.cost} <Amount value={BigInt(bill.price)} /> · {words.bill[bill.verdict]}{' '}
          <ReceiptLink callId={id} />
        </small>
      )}
    </li>
  );
}
