import type { Escrow, Holdings } from '../purse/core/holdings.ts';
import { isPending } from '../purse/core/journal.ts';
import { takeBackOf } from '../purse/core/take-back.ts';
import type { Purse } from '../purse/purse.ts';
import { EscrowLine } from '../purse/view/escrow-line.tsx';
import { Hash } from '../purse/view/hash.tsx';
import { Trouble } from '../purse/view/trouble.tsx';
import { entryWords } from '../purse/view/words.ts';
import { AddressView } from '../ui/address-view.tsx';
import { Amount } from '../ui/amount.tsx';
import { Button } from '../ui/button.tsx';
import { formatTime } from '../ui/format.ts';
import { t } from '../ui/strings/strings.ts';

type Props = { purse: Purse; onForget: () => void };

/** All that the contract holds for the address, and for each what can be done when. */
export function Belongings({ purse, onForget }: Props) {
  const words = t.value.rescue;
  const holdings = purse.holdings.value;
  return (
    <>
      <Trouble refusal={purse.trouble.value} />
      <p>
        {words.network(nameOf(purse.chain.network))}
        <br />
        <AddressView address={purse.identity.address} full copy />
      </p>
      {holdings && <Known purse={purse} holdings={holdings} />}
      <ul class="purse-list">
        {purse.entries.value.map((entry) => (
          <li class="purse-line" key={entry.hash}>
            <Hash value={entry.hash} />
            <span class={isPending(entry) ? 'quiet' : ''}>{entryWords(entry)}</span>
          </li>
        ))}
      </ul>
      <Button wide onClick={onForget}>
        {words.forget}
      </Button>
    </>
  );
}

const names = new Map([
  [860_833_102, 'MainNet'],
  [894_710_606, 'TestNet'],
]);
const nameOf = (network: number): string => names.get(network) ?? String(network);

function Known({ purse, holdings }: { purse: Purse; holdings: Holdings }) {
  const words = t.value.rescue;
  const { purse: shared } = t.value;
  const { own, balance, escrows, registrations, time, height } = holdings;
  const isNothing = balance === 0n && escrows.length === 0 && registrations.length === 0;
  return (
    <>
      <h2>{words.holds}</h2>
      <dl class="purse-sums">
        <dt>{shared.own}</dt>
        <dd data-sum="own">
          <Amount value={own} />
        </dd>
        <dt>{shared.balance}</dt>
        <dd data-sum="balance">
          <Amount value={balance} />
        </dd>
        <dt>{shared.reserved}</dt>
        <dd data-sum="reserved">
          <Amount value={holdings.reserved} />
        </dd>
      </dl>
      <p class="quiet">{shared.asOf(String(height), formatTime(time))}</p>
      {isNothing && <p role="status">{words.nothing}</p>}
      {balance > 0n && (
        <Button kind="primary" wide onClick={() => purse.act({ kind: 'withdraw', amount: balance })}>
          {words.withdrawAll}
        </Button>
      )}
      {escrows.length > 0 && <h2>{shared.escrows}</h2>}
      <ul class="purse-list">
        {escrows.map((escrow) => (
          <EscrowLine key={escrow.id} escrow={escrow} now={time}>
            <Back purse={purse} escrow={escrow} now={time} />
          </EscrowLine>
        ))}
      </ul>
      {escrows.length > 0 && (
        <p class="quiet">
          {words.closeFirst} {words.afterRefund}
        </p>
      )}
      {registrations.length > 0 && <h2>{shared.registrations}</h2>}
      <ul class="purse-list">
        {registrations.map(({ provider, registeredAt }) => (
          <li class="purse-line" key={provider}>
            <AddressView address={provider} />
            <span class="quiet">{shared.registered(formatTime(registeredAt))}</span>
            <Button onClick={() => purse.act({ kind: 'unregister', provider })}>{words.endRegistration}</Button>
          </li>
        ))}
      </ul>
      <p class="quiet">{words.needsGas}</p>
    </>
  );
}

function Back({ purse, escrow, now }: { purse: Purse; escrow: Escrow; now: Date }) {
  const words = t.value.purse;
  const { kind } = takeBackOf(escrow, now);
  if (kind === 'wait') return null;
  return (
    <p>
      <Button onClick={() => purse.act({ kind: kind === 'close' ? 'close' : 'refund', id: escrow.id })}>
        {kind === 'close' ? words.closeEscrow : words.refund}
      </Button>
    </p>
  );
}
