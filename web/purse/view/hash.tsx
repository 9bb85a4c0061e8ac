import type { TxHash } from '../../../protocol/types/hash.ts';
import { copyText } from '../../ui/address-view.tsx';
import { Button } from '../../ui/button.tsx';
import { hrefOf } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';
import { links } from './links.ts';

/** A transaction by its hash: a link to what the chain says of it, where this page has a place for that. */
export function Hash({ value }: { value: TxHash }) {
  const short = `${value.slice(0, 10)}…${value.slice(-6)}`;
  const target = links.value.transaction?.(value);
  return (
    <span class="purse-hash" translate={false}>
      {target === undefined ? <bdi title={value}>{short}</bdi> : <a href={hrefOf(target)}>{short}</a>}
      <Button kind="quiet" icon="copy" aria-label={t.value.shared.copy} onClick={() => copyText(value)} />
    </span>
  );
}
