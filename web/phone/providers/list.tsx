import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Provider } from '../../../protocol/api/providers.ts';
import { type Address, addressSchema } from '../../../protocol/types/address.ts';
import { AddressView } from '../../ui/address-view.tsx';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { go, hrefOf } from '../../ui/router.ts';
import { language, t } from '../../ui/strings/strings.ts';
import type { Current } from '../purse/current.ts';
import { withCurrent } from '../purse/with-current.tsx';
import { quoteOf } from './core/quote.ts';
import { Lies } from './lies.tsx';
import { type Listed, type Looked, look, search, wish } from './look.ts';
import { DeckNote, QuoteView } from './price.tsx';

/** Providers by their price to where one calls, each checked on the chain; or one by its address. */
export const Providers = withCurrent(({ current }) => {
  const words = t.value.providers;
  const listed = useSignal<Listed | null>(null);
  const ask = async (cursor?: string) => {
    const asked = { dest: destOf(wish.dest.value), minutes: Number(wish.minutes.value), part: wish.part.value.trim() };
    const before = cursor !== undefined && listed.value?.kind === 'list' ? listed.value.items : [];
    const found = await search(current, { ...asked, ...(cursor !== undefined && { cursor }) });
    listed.value = found.kind === 'list' ? { ...found, items: [...before, ...found.items] } : found;
  };
  useEffect(() => {
    void ask();
  }, [current]);
  const found = listed.value;
  return (
    <>
      <Search onSearch={() => ask()} />
      {found?.kind === 'away' && (
        <p class="purse-trouble" role="alert">
          {current.client ? words.serviceAway : words.noService}
        </p>
      )}
      {found?.kind === 'list' && (
        <>
          {found.items.length === 0 && <p role="status">{words.none}</p>}
          <ul class="purse-list">
            {found.items.map((told, place) => (
              <Line
                key={told.address}
                current={current}
                told={told}
                dest={found.dest}
                minutes={found.minutes}
                atOnce={place < CHECKED_AT_ONCE}
              />
            ))}
          </ul>
          {found.next !== null && <Button onClick={() => ask(found.next ?? undefined)}>{words.more}</Button>}
        </>
      )}
      <ByAddress />
    </>
  );
});

/** Spaces and the like are how people write numbers. */
const destOf = (text: string): string => text.replace(/[\s().-]/g, '');

function Search({ onSearch }: { onSearch: () => void }) {
  const words = t.value.providers;
  const dest = destOf(wish.dest.value);
  const destWrong = dest === '' || /^\+[1-9]\d{0,14}$/.test(dest) ? null : words.toWrong;
  const minutes = Number(wish.minutes.value);
  const minutesWrong = Number.isInteger(minutes) && minutes >= 1 && minutes <= 1_440 ? null : words.minutesWrong;
  const submit = (event: Event) => {
    event.preventDefault();
    if (!destWrong && !minutesWrong) onSearch();
  };
  return (
    <search>
      <form class="purse-form" onSubmit={submit} noValidate>
        <TextField
          label={words.to}
          hint={words.toHint}
          value={wish.dest}
          type="tel"
          inputMode="tel"
          error={destWrong}
        />
        <TextField label={words.minutes} value={wish.minutes} inputMode="numeric" error={minutesWrong} />
        <TextField label={words.part} value={wish.part} type="search" maxLength={253} />
        <Button kind="primary" type="submit" wide>
          {words.search}
        </Button>
      </form>
    </search>
  );
}

/** A price list may have megabytes: those of the cheapest are checked at once, others when they are asked for. */
const CHECKED_AT_ONCE = 3;

type LineProps = { current: Current; told: Provider; dest: string; minutes: number; atOnce: boolean };

function Line({ current, told, dest, minutes, atOnce }: LineProps) {
  const words = t.value.providers;
  const address = told.address as Address;
  const looked = useSignal<Looked | null>(null);
  const isAsked = useSignal(atOnce);
  useEffect(() => {
    if (!isAsked.value) return;
    void look(current, address, told).then((found) => {
      looked.value = found;
    });
  }, [current, address, told, looked, isAsked.value, isAsked]);
  const found = looked.value;
  const location = found?.kind === 'looked' ? (found.facts.record?.location ?? words.gone) : told.location;
  return (
    <li class="purse-line">
      <div>
        <a href={hrefOf(`/provider/${address}`)}>
          <strong>{location}</strong>
        </a>
        <br />
        <AddressView address={address} />
        <p class="quiet">{statsText(told)}</p>
      </div>
      <div class="purse-end">
        {found === null &&
          (isAsked.value ? (
            <p class="quiet">{words.checking}</p>
          ) : (
            <Button
              onClick={() => {
                isAsked.value = true;
              }}
            >
              {words.check}
            </Button>
          ))}
        {found?.kind === 'nodeAway' && <p class="quiet">{t.value.purse.refusal.nodeAway}</p>}
        {found?.kind === 'looked' && dest !== '' && (
          <QuoteView
            quote={quoteOf(found.proven, dest, minutes)}
            minutes={minutes}
            told={told.price ? BigInt(told.price.price) : null}
          />
        )}
        {found?.kind === 'looked' && found.proven.kind !== 'deck' && <DeckNote proven={found.proven} />}
      </div>
      {found?.kind === 'looked' && <Lies lies={found.facts.lies} />}
    </li>
  );
}

/** Zero is not "no data": a provider without paid calls says so. */
export function statsText({ stats }: Provider): string {
  const words = t.value.providers;
  const { settledCalls, answeredRatio, meanSeconds, rejectedClaims } = stats;
  const number = new Intl.NumberFormat(language.value, { maximumFractionDigits: 0 });
  const share = new Intl.NumberFormat(language.value, { style: 'percent' });
  if (settledCalls === null || settledCalls === 0) return words.noData;
  return [
    words.settled(number.format(settledCalls)),
    ...(answeredRatio === null ? [] : [words.answered(share.format(answeredRatio))]),
    ...(meanSeconds === null ? [] : [words.mean(number.format(meanSeconds))]),
    ...(rejectedClaims ? [words.rejected(number.format(rejectedClaims))] : []),
  ].join(', ');
}

function ByAddress() {
  const words = t.value.providers;
  const text = useSignal('');
  const read = addressSchema.safeParse(text.value.trim());
  const submit = (event: Event) => {
    event.preventDefault();
    if (read.success) go(`/provider/${read.data}`);
  };
  return (
    <form class="purse-form" onSubmit={submit} noValidate>
      <TextField
        label={words.type}
        hint={words.typeHint}
        value={text}
        autocomplete="off"
        maxLength={40}
        error={text.value !== '' && !read.success ? words.addressWrong : null}
      />
      <Button type="submit">{words.open}</Button>
    </form>
  );
}
