import { useSignal } from '@preact/signals';
import { addressOfBytes, addressSchema, hash160Bytes } from '../../../protocol/types/address.ts';
import type { Datoshi } from '../../../protocol/types/datoshi.ts';
import { isRefusal } from '../../purse/core/refusal.ts';
import { MoneyForm } from '../../purse/view/money-form.tsx';
import { TextField } from '../../ui/field.tsx';
import { go } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';
import type { Current } from './current.ts';
import { withCurrent } from './with-current.tsx';

type Kind = 'deposit' | 'withdraw' | 'send';

/** Deposit, withdraw, send: one amount, and for the last one a receiver. */
export const moveMoney = (kind: Kind) => withCurrent(({ current }) => <Form current={current} kind={kind} />);

function Form({ current, kind }: { current: Current; kind: Kind }) {
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
