import type { ComponentChildren } from 'preact';
import { AddressView } from '../../ui/address-view.tsx';
import { Amount } from '../../ui/amount.tsx';
import { formatTime } from '../../ui/format.ts';
import { hrefOf } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';
import { type Escrow, leftOf } from '../core/holdings.ts';
import { takeBackOf } from '../core/take-back.ts';
import { links } from './links.ts';

type Props = { escrow: Escrow; now: Date; children?: ComponentChildren };

/** An escrow in a list: what is left of it, with whom, and what can be done with it when. */
export function EscrowLine({ escrow, now, children }: Props) {
  const back = takeBackOf(escrow, now);
  const words = t.value.purse;
  const title = words.escrow(String(escrow.id));
  const target = links.value.escrow?.(escrow.id);
  return (
    <li class="purse-line">
      <div>
        <strong>{target === undefined ? title : <a href={hrefOf(target)}>{title}</a>}</strong>{' '}
        <span class="quiet">{words.state[back.kind]}</span>
        <br />
        <AddressView address={escrow.provider} />
        <br />
        <span class="quiet">
          {back.kind === 'wait'
            ? words.waitUntil(formatTime(back.from))
            : `${words.escrowEnds} ${formatTime(escrow.endsAt)}`}
        </span>
      </div>
      <div class="purse-end">
        <Amount value={leftOf(escrow)} />
        {children}
      </div>
    </li>
  );
}
