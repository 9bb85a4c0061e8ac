import { useSignal } from '@preact/signals';
import { Button } from '../../ui/button.tsx';
import { formatAmount } from '../../ui/format.ts';
import { Icon } from '../../ui/icon.tsx';
import { Notice } from '../../ui/notice.tsx';
import { hrefOf, place } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';
import { contacts, shown } from '../contacts/contacts.ts';
import { missed } from '../history/history.ts';
import { unread } from '../messages/messages.ts';
import { Keypad } from './keypad.tsx';
import { LineStates } from './line-states.tsx';
import { makeCall } from './make-call.ts';
import { chosen, dialled, isPriceless, offer, offers, target } from './offers.ts';
import { hasSaid, isElsewhere, mayRing } from './phone.ts';
import { letItRing } from './start-phone.ts';

/** The dial pad: by keyboard, by paste, by touch, by name. */
export function Dial() {
  const busy = useSignal(false);
  const words = t.value.telephone;
  const given = place.value.query.get('to');
  if (given !== null && dialled.peek() === '') dialled.value = given;
  const wanted = target.value;
  const to = wanted.kind === 'number' ? wanted.number : wanted.kind === 'neo' ? wanted.address : null;
  const best = offer.value;
  const call = async () => {
    if (to === null || best === null) return;
    busy.value = true;
    const isCalled = await makeCall(to, best.provider);
    busy.value = false;
    if (isCalled) dialled.value = '';
  };
  if (isElsewhere.value) return <Elsewhere />;
  return (
    <section class="stack dial">
      <LineStates />
      <Badges />
      {!(mayRing.value && hasSaid.value) && (
        <Notice>
          <p>{mayRing.value ? words.wakeOff : words.bellOff}</p>
          <Button kind="quiet" icon="bell" onClick={() => void letItRing()}>
            {words.bellOn}
          </Button>
        </Notice>
      )}
      <form
        class="number"
        onSubmit={(event) => {
          event.preventDefault();
          void call();
        }}
      >
        <input
          type="text"
          inputMode="tel"
          autocomplete="off"
          spellcheck={false}
          autocapitalize="none"
          list="people"
          aria-label={words.number}
          placeholder={words.number}
          value={dialled}
          onInput={(event) => {
            dialled.value = event.currentTarget.value;
          }}
        />
        <datalist id="people">
          {contacts.value.map(({ id, name }) => (
            <option key={id} value={name} />
          ))}
        </datalist>
        {dialled.value !== '' && (
          <Button
            kind="quiet"
            icon="erase"
            aria-label={words.erase}
            onClick={() => {
              dialled.value = dialled.value.slice(0, -1);
            }}
          />
        )}
      </form>
      <p class="hint price" aria-live="polite">
        <Hint />
      </p>
      {offers.value.length > 1 && <Offers />}
      <Keypad
        onKey={(key) => {
          dialled.value += key;
        }}
      />
      <Button
        kind="primary"
        icon="phone"
        wide
        busy={busy.value}
        disabled={to === null || best === null}
        onClick={() => void call()}
      >
        {words.call}
      </Button>
    </section>
  );
}

function Hint() {
  const words = t.value.telephone;
  const best = offer.value;
  if (dialled.value.trim() === '') return null;
  switch (target.value.kind) {
    case 'nothing':
      return <>{words.notAReachable}</>;
    case 'national':
      return <>{words.needsCountry}</>;
    default:
      if (isPriceless.value) return <>{words.noPrice}</>;
      if (best === null) return null;
      return <>{best.terms === null ? words.free : priceText(best.terms)}</>;
  }
}

type Terms = { ratePerSecond: bigint; feePerCall: bigint };

function priceText({ ratePerSecond, feePerCall }: Terms): string {
  const words = t.value.telephone;
  const minute = words.perMinute(formatAmount(ratePerSecond * 60n));
  return feePerCall > 0n ? `${minute} ${words.feePerCall(formatAmount(feePerCall))}` : minute;
}

function Offers() {
  const words = t.value.telephone;
  return (
    <label class="row">
      {words.by}
      <select
        value={offer.value?.provider}
        onChange={(event) => {
          chosen.value = offers.value.find(({ provider }) => provider === event.currentTarget.value)?.provider ?? null;
        }}
      >
        {offers.value.map(({ provider, terms }) => (
          <option key={provider} value={provider}>
            {shown(provider)} · {terms === null ? words.free : priceText(terms)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Badges() {
  const words = t.value.telephone;
  return (
    <p class="row badges" aria-live="polite">
      {missed.value.length > 0 && (
        <a href={hrefOf('/history')}>
          <Icon name="history" size={20} /> {words.missedCalls(missed.value.length)}
        </a>
      )}
      {unread.value > 0 && (
        <a href={hrefOf('/messages')}>
          <Icon name="message" size={20} /> {words.unread(unread.value)}
        </a>
      )}
    </p>
  );
}

function Elsewhere() {
  return (
    <section class="stack">
      <p role="status">{t.value.telephone.otherTab}</p>
      <Button onClick={() => location.reload()}>{t.value.shared.tryAgain}</Button>
    </section>
  );
}
