import { formatGas } from '../../protocol/types/datoshi.ts';
import { gasText, locale } from './format.ts';
import { t } from './strings/strings.ts';

/** An amount of GAS. Null: it is not known, which is not the same as nothing. */
export function Amount({ value }: { value: bigint | null }) {
  if (value === null) return <span class="amount unknown">{t.value.shared.unknownAmount}</span>;
  return (
    <data class="amount" value={formatGas(value)}>
      {gasText(value, locale.value)} <span class="unit">GAS</span>
    </data>
  );
}
