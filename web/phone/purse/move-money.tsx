import { useSignal } from '@preact/signals';
import { addressOfBytes, addressSchema, hash160Bytes } from '../../../protocol/types/address.ts';
import type { Datoshi } from '../../../protocol/types/datoshi.ts';
import { isRefusal } from '../../purse/core/refusal.ts';
import { MoneyForm } from '../../purse/view/money-form.tsx';
import { Failure } from '../../ui/failure.tsx';
import { TextField } from '../../ui/field.tsx';
import { go, hrefOf } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';
import type { Current } from './current.ts';
import { withCurrent } from './with-current.tsx';

/** Deposit, withdraw, send: one amount, and for the last one a receiver. */
export const MoveMoney = withCurrent(({ current, parameters }) => {
  const words = t.value.purse;
  const { kind } = parameters;
  if (kind !== 'deposit' && kind !== 'withdraw' && kind !== 'send') return <Failure error={t.value.shared.notFound} />;
  return (
    <>
      <a href={hrefOf('/purse')}>{t.value.shared.back}</a>
      <h1>{words[kind]}</h1>
      <Form key={kind} current={current} kind={kind} />
    </>
  );
});

function Form({ current, kind }: { current: Current; kind: 'deposit' | 'withdraw' | 'send' }) {
  const words = t.value.purse;
  const receiver = useSignal('');
  const { purse } = current;
  const holdings = purse.holdings.value;
  const act = async (amount: Datoshi) => {
    const to = receiver.value.trim();
    const outcome = await (kind === 'send'
      ? purse.act({ kind, to: addressSchema.parse(to), amount })
      : purse.act({ kind, amount }));
    if (!isRefusal(outcome)) go('/purse');
  };
  if (kind !== 'send')
    return (
      <MoneyForm
        why={kind === 'deposit' ? words.depositWhy : words.withdrawWhy}
        most={(kind === 'deposit' ? holdings?.own : holdings?.balance) ?? null}
        offersAll={kind === 'withdraw'}
        onAmount={act}
      />
    );
  const wrong = receiverFault(receiver.value.trim(), current);
  return (
    <MoneyForm why={words.sendWhy} most={holdings?.own ?? null} ready={wrong === null} onAmount={act}>
      <TextField
        label={words.receiver}
        value={receiver}
        autocomplete="off"
        maxLength={40}
        error={receiver.value === '' ? null : wrong}
      />
    </MoneyForm>
  );
}

function receiverFault(text: string, { identity, purse }: Current): string | null {
  const words = t.value.purse;
  const read = addressSchema.safeParse(text);
  if (!read.success) return words.receiverWrong;
  if (read.data === identity.address) return words.receiverOwn;
  return read.data === addressOfBytes(hash160Bytes(purse.chain.contract)) ? words.receiverContract : null;
}
