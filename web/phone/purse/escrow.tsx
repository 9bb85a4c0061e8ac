import { useComputed, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { type Datoshi, datoshi, formatGas } from '../../../protocol/types/datoshi.ts';
import { type Escrow, leftOf } from '../../purse/core/holdings.ts';
import { takeBackOf } from '../../purse/core/take-back.ts';
import { readAmount } from '../../purse/view/money-form.tsx';
import { formatSpan } from '../../purse/view/words.ts';
import { AddressView } from '../../ui/address-view.tsx';
import { Amount } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { formatTime } from '../../ui/format.ts';
import { hrefOf } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';
import { toast } from '../../ui/toast.tsx';
import type { Current } from './current.ts';
import { limitOf, setLimit } from './escrows.ts';
import { withCurrent } from './with-current.tsx';

/** One escrow: its terms, what is left, and what can be done with it when. */
export const EscrowView = withCurrent(({ current, parameters }) => {
  const words = t.value.purse;
  const holdings = current.purse.holdings.value;
  const escrow = holdings?.escrows.find(({ id }) => String(id) === parameters.id);
  return (
    <>
      <h2>{words.escrow(parameters.id ?? '')}</h2>
      {holdings && !escrow && <p>{words.gone}</p>}
      {!holdings && <p class="waiting">{words.reading}</p>}
      {escrow && (
        <>
          <Facts escrow={escrow} />
          <VoucherKey current={current} escrow={escrow} />
          <TakeBack current={current} escrow={escrow} now={holdings?.time as Date} />
        </>
      )}
    </>
  );
});

function Facts({ escrow }: { escrow: Escrow }) {
  const words = t.value.purse;
  return (
    <dl class="purse-facts">
      <dt>{words.escrowWith}</dt>
      <dd>
        <a href={hrefOf(`/provider/${escrow.provider}`)}>
          <AddressView address={escrow.provider} />
        </a>
      </dd>
      <dt>{words.escrowLeft}</dt>
      <dd>
        <Amount value={leftOf(escrow)} />
      </dd>
      <dt>{words.escrowOf}</dt>
      <dd>
        <Amount value={escrow.amount} />
      </dd>
      <dt>{words.escrowSpent}</dt>
      <dd>
        <Amount value={escrow.spent} />
      </dd>
      <dt>{words.escrowCalls}</dt>
      <dd>{String(escrow.calls)}</dd>
      <dt>{words.escrowRate}</dt>
      <dd>
        <Amount value={datoshi(escrow.ratePerSecond * 60n)} />
      </dd>
      <dt>{words.escrowFee}</dt>
      <dd>
        <Amount value={escrow.feePerCall} />
      </dd>
      <dt>{words.escrowEnds}</dt>
      <dd>{formatTime(escrow.endsAt)}</dd>
      <dt>{words.escrowDeadline}</dt>
      <dd>{formatTime(escrow.claimDeadline)}</dd>
    </dl>
  );
}

/** Only the device that opened it can sign its vouchers. */
function VoucherKey({ current, escrow }: { current: Current; escrow: Escrow }) {
  const words = t.value.purse;
  const isHere = useSignal<boolean | null>(null);
  useEffect(() => {
    if (escrow.voucherKey === null) return;
    void current.keys.find(escrow.voucherKey).then((key) => {
      isHere.value = key !== null;
    });
  }, [current, escrow.voucherKey, isHere]);
  if (escrow.voucherKey === null) return <p class="quiet">{words.escrowNoVouchers}</p>;
  if (isHere.value === null) return null;
  return <p class="quiet">{isHere.value ? words.escrowHere : words.escrowElsewhere}</p>;
}

function TakeBack({ current, escrow, now }: { current: Current; escrow: Escrow; now: Date }) {
  const words = t.value.purse;
  const back = takeBackOf(escrow, now);
  if (back.kind === 'refund')
    return (
      <Button kind="primary" wide onClick={() => current.purse.act({ kind: 'refund', id: escrow.id })}>
        {words.refund}
      </Button>
    );
  if (back.kind === 'wait') return <p>{words.waitUntil(formatTime(back.from))}</p>;
  return (
    <>
      <Extend current={current} escrow={escrow} />
      <TopUp current={current} escrow={escrow} />
      <p class="quiet">{words.closeWhy(formatSpan(back.windowMs))}</p>
      <Button wide onClick={() => current.purse.act({ kind: 'close', id: escrow.id })}>
        {words.closeEscrow}
      </Button>
    </>
  );
}

const HOUR_MS = 3_600_000;
const MAX_HOURS = 90 * 24;

function Extend({ current, escrow }: { current: Current; escrow: Escrow }) {
  const words = t.value.purse;
  const [amountText, hoursText] = [useSignal(''), useSignal('')];
  const most = current.purse.holdings.value?.balance ?? null;
  const amount = useComputed(() => (amountText.value === '' ? datoshi(0n) : readAmount(amountText.value, most)));
  const hours = hoursText.value === '' ? 0 : Number(hoursText.value);
  const hoursWrong = !Number.isInteger(hours) || hours < 0 || hours > MAX_HOURS ? words.extendTimeWrong : null;
  const submit = (event: Event) => {
    event.preventDefault();
    if (typeof amount.value === 'string' || hoursWrong || (amount.value === 0n && hours === 0)) return;
    void current.purse.act({ kind: 'extend', id: escrow.id, amount: amount.value, durationMs: hours * HOUR_MS });
  };
  return (
    <form class="purse-form" onSubmit={submit} noValidate>
      <h2>{words.extend}</h2>
      <TextField
        label={words.amount}
        value={amountText}
        inputMode="decimal"
        autocomplete="off"
        error={typeof amount.value === 'string' ? amount.value : null}
      />
      <TextField label={words.extendTime} value={hoursText} inputMode="numeric" autocomplete="off" error={hoursWrong} />
      <Button type="submit" wide>
        {words.look}
      </Button>
    </form>
  );
}

/** Empty: everything is asked. */
function TopUp({ current, escrow }: { current: Current; escrow: Escrow }) {
  const words = t.value.purse;
  const text = useSignal('');
  useEffect(() => {
    void limitOf(current, escrow.id).then((limit) => {
      text.value = limit === null ? '' : formatGas(limit);
    });
  }, [current, escrow.id, text]);
  const limit: Datoshi | string | null = text.value === '' ? null : readAmount(text.value, null);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (typeof limit === 'string') return;
    await setLimit(current, escrow.id, limit);
    toast(words.topUpKept);
  };
  return (
    <form class="purse-form" onSubmit={submit} noValidate>
      <TextField
        label={words.topUp}
        hint={`${words.topUpHint} ${words.topUpLocked}`}
        value={text}
        inputMode="decimal"
        autocomplete="off"
        error={typeof limit === 'string' ? limit : null}
      />
      <Button type="submit">{t.value.shared.done}</Button>
    </form>
  );
}
