import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { type Datoshi, formatGas, parseGas } from '../../../protocol/types/datoshi.ts';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { formatAmount } from '../../ui/format.ts';
import { t } from '../../ui/strings/strings.ts';

type Props = {
  why: string;
  /** The most there is; null: not known, or no matter. */
  most: Datoshi | null;
  /** Whether all of it may be taken; fees are paid from the same account where not. */
  offersAll?: boolean;
  children?: ComponentChildren;
  /** False: something else on the form is wrong. */
  ready?: boolean;
  onAmount: (amount: Datoshi) => void;
};

/** An amount of GAS, read as it is typed, and what will be signed as the next step. */
export function MoneyForm({ why, most, offersAll = false, children, ready = true, onAmount }: Props) {
  const text = useSignal('');
  const touched = useSignal(false);
  const read = readAmount(text.value, most);
  const submit = (event: Event) => {
    event.preventDefault();
    touched.value = true;
    if (typeof read === 'bigint' && ready) onAmount(read);
  };
  return (
    <form class="purse-form" onSubmit={submit} noValidate>
      <p class="quiet">{why}</p>
      {children}
      <TextField
        label={t.value.purse.amount}
        value={text}
        inputMode="decimal"
        autocomplete="off"
        maxLength={20}
        error={touched.value && typeof read === 'string' ? read : null}
      />
      {offersAll && most !== null && most > 0n && (
        <Button
          kind="quiet"
          onClick={() => {
            text.value = formatGas(most);
          }}
        >
          {t.value.purse.all}
        </Button>
      )}
      <Button kind="primary" type="submit" wide>
        {t.value.purse.look}
      </Button>
    </form>
  );
}

/** The amount, or what is wrong with the text. A decimal comma is as good as a point. */
export function readAmount(text: string, most: Datoshi | null): Datoshi | string {
  let amount: Datoshi;
  try {
    amount = parseGas(text.trim().replace(',', '.'));
  } catch {
    return t.value.purse.amountWrong;
  }
  if (amount === 0n) return t.value.purse.amountZero;
  return most !== null && amount > most ? t.value.purse.amountOver(formatAmount(most)) : amount;
}
