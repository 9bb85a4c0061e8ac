import { useSignal } from '@preact/signals';
import type { Address } from '../../../protocol/types/address.ts';
import { type Datoshi, datoshi, formatGas } from '../../../protocol/types/datoshi.ts';
import { isRefusal } from '../../purse/core/refusal.ts';
import { MoneyForm, readAmount } from '../../purse/view/money-form.tsx';
import { TextField } from '../../ui/field.tsx';
import { go } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';
import type { Current } from '../purse/current.ts';
import { openEscrow } from '../purse/escrows.ts';
import type { ProvenDeck } from './core/deck.ts';
import { agreementFor, quoteOf } from './core/quote.ts';
import { wish } from './look.ts';

const HOUR_MS = 3_600_000;
const MAX_HOURS = 90 * 24;
/** Where no price is known: whole minutes, the coarsest that is usual. */
const USUAL_INCREMENT = 60;

type Props = { current: Current; provider: Address; proven: ProvenDeck };

/** Opens an escrow: the terms of the price to where one calls, which its person may change. */
export function Reserve({ current, provider, proven }: Props) {
  const words = t.value.providers;
  const agreed = agreementFor(quoteOf(proven, wish.dest.value.replace(/[\s().-]/g, ''), 1));
  const most = useSignal(agreed ? formatGas(agreed.ratePerSecond * 60n) : '');
  const fee = useSignal(agreed ? formatGas(agreed.feePerCall) : '0');
  const hours = useSignal('24');
  const { holdings } = current.purse;
  if (!holdings.value?.registrations.some((each) => each.provider === provider)) return null;
  const rate = readMoney(most.value);
  const perCall = readMoney(fee.value);
  const count = Number(hours.value);
  const hoursWrong = Number.isInteger(count) && count >= 1 && count <= MAX_HOURS ? null : words.hoursWrong;
  const reserve = async (amount: Datoshi) => {
    if (typeof rate === 'string' || typeof perCall === 'string') return;
    const outcome = await openEscrow(current, {
      provider,
      amount,
      ratePerSecond: perSecond(rate),
      feePerCall: perCall,
      increment: agreed?.increment ?? USUAL_INCREMENT,
      durationMs: count * HOUR_MS,
    });
    if (!isRefusal(outcome)) go('/purse');
  };
  const { own, balance } = holdings.value;
  return (
    <section>
      <h2>{words.reserve}</h2>
      <MoneyForm
        why={words.reserveWhy}
        most={datoshi(own + balance)}
        ready={typeof rate !== 'string' && typeof perCall !== 'string' && hoursWrong === null}
        onAmount={reserve}
      >
        <TextField
          label={words.most}
          value={most}
          inputMode="decimal"
          error={most.value !== '' && typeof rate === 'string' ? rate : null}
        />
        <TextField
          label={words.mostFee}
          value={fee}
          inputMode="decimal"
          error={typeof perCall === 'string' ? perCall : null}
        />
        <TextField label={words.hours} value={hours} inputMode="numeric" error={hoursWrong} />
      </MoneyForm>
    </section>
  );
}

/** Nothing is an amount too: a call may cost by the second or by the call alone. */
const readMoney = (text: string): Datoshi | string =>
  /^0*([.,]0*)?$/.test(text) && text !== '' ? datoshi(0n) : readAmount(text, null);

/** What is agreed to a second must hold a whole minute at that price. */
const perSecond = (perMinute: Datoshi): Datoshi => datoshi((perMinute + 59n) / 60n);
