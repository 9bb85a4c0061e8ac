import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ProviderRecord } from '../../../chain/read.ts';
import type { Provider } from '../../../protocol/api/providers.ts';
import { type Address, addressSchema } from '../../../protocol/types/address.ts';
import { AddressView } from '../../ui/address-view.tsx';
import { Button } from '../../ui/button.tsx';
import { Failure } from '../../ui/failure.tsx';
import { formatTime } from '../../ui/format.ts';
import { t } from '../../ui/strings/strings.ts';
import type { Current } from '../purse/current.ts';
import { withCurrent } from '../purse/with-current.tsx';
import { quoteOf } from './core/quote.ts';
import { Lies } from './lies.tsx';
import { statsText } from './list.tsx';
import { askProvider, type Looked, look, wish } from './look.ts';
import { DeckNote, QuoteView } from './price.tsx';
import { Reserve } from './reserve.tsx';

/** One provider by the chain: its facts, its price to where one calls, and the way in. */
export const ProviderView = withCurrent(({ current, parameters }) => {
  const read = addressSchema.safeParse(parameters.address);
  return (
    <>
      {read.success ? (
        <Known key={read.data} current={current} address={read.data} />
      ) : (
        <Failure error={t.value.providers.addressWrong} />
      )}
    </>
  );
});

function Known({ current, address }: { current: Current; address: Address }) {
  const words = t.value.providers;
  const looked = useSignal<Looked | null>(null);
  const told = useSignal<Provider | null>(null);
  const height = current.purse.holdings.value === null ? 'unread' : 'read';
  useEffect(() => {
    void askProvider(current, address).then(async (found) => {
      told.value = found;
      looked.value = await look(current, address, found);
    });
  }, [current, address, height, told, looked]);
  const found = looked.value;
  return (
    <>
      <AddressView address={address} full copy />
      {found === null && <p class="waiting">{words.checking}</p>}
      {found?.kind === 'nodeAway' && <p class="purse-trouble">{t.value.purse.refusal.nodeAway}</p>}
      {found?.kind === 'looked' && (
        <>
          <Lies lies={found.facts.lies} />
          {found.facts.record === null ? (
            <p role="alert">{words.gone}</p>
          ) : (
            <>
              <Facts record={found.facts.record} told={told.value} />
              <DeckNote proven={found.proven} />
              <Price found={found} />
              <Register current={current} address={address} />
              <Reserve current={current} provider={address} proven={found.proven} />
            </>
          )}
        </>
      )}
    </>
  );
}

function Facts({ record, told }: { record: ProviderRecord; told: Provider | null }) {
  const words = t.value.providers;
  return (
    <>
      <dl class="purse-facts">
        <dt>{words.location}</dt>
        <dd>{record.location}</dd>
        <dt>{words.operator}</dt>
        <dd>{record.operator === null ? words.itself : <AddressView address={record.operator} />}</dd>
        <dt>{words.since}</dt>
        <dd>{formatTime(record.deployedAt)}</dd>
      </dl>
      {told && <p class="quiet">{statsText(told)}</p>}
    </>
  );
}

function Price({ found }: { found: Extract<Looked, { kind: 'looked' }> }) {
  const dest = wish.dest.value.replace(/[\s().-]/g, '');
  if (!/^\+[1-9]\d{0,14}$/.test(dest)) return null;
  const minutes = Number(wish.minutes.value) || 1;
  return (
    <section>
      <h2>
        {t.value.providers.priceOfDest} <bdi>{dest}</bdi>
      </h2>
      <QuoteView quote={quoteOf(found.proven, dest, minutes)} minutes={minutes} told={null} />
    </section>
  );
}

/** The code is any UUID: later registrations at the provider's proxy are signed, and need only that there is one. */
function Register({ current, address }: { current: Current; address: Address }) {
  const words = t.value.providers;
  const { holdings, act } = current.purse;
  if (holdings.value?.registrations.some(({ provider }) => provider === address))
    return <p class="purse-good">{words.registered}</p>;
  const register = () => act({ kind: 'register', provider: address, uuid: crypto.randomUUID() });
  return (
    <Button kind="primary" wide onClick={register}>
      {words.register}
    </Button>
  );
}
