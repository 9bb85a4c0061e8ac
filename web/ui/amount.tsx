import { formatGas } from '../../protocol/types/datoshi.ts';
import { gasText } from './format.ts';
import { language, t } from './strings/strings.ts';

/** An amount of GAS. Null: it is not known, which is not the same as nothing. */
export function Amount({ value }: { value: bigint | null }) {
  if (value === null) return <span class="amount unknown">{t.value.shared.unknownAmount}</span>;
  return (
    <data class="amount" value={formatGas(value)}>
      {gasText(value, language.value)} <span class="unit">GAS</span>
    </data>
  );
}
