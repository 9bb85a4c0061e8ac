import { useSignal } from '@preact/signals';
import { Amount } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { formatAmount, formatDuration } from '../../ui/format.ts';
import { hrefOf } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';
import { toast } from '../../ui/toast.tsx';
import { isHeldByUs, type Talking } from '../call/call-state.ts';
import { readDialled, toTones } from '../call/dialled.ts';
import { atRisk, costOf, talkedMs, WARN_SECONDS } from '../call/meter.ts';
import { shown } from '../contacts/contacts.ts';
import { stateText, troubleText } from './call-text.ts';
import { purse } from './faces.ts';
import { Keypad } from './keypad.tsx';
import type { LiveCall } from './live-call.ts';
import { clock, leftOf, lineOf, phone } from './phone.ts';
import { ReceiptLink } from './receipt-link.tsx';

/** A call that is under way: who, how long, how much, how good, and what may be done about it. */
export function RunningCall({ call }: { call: LiveCall }) {
  const words = t.value.telephone;
  const { id, remote, state, silence, complaint } = call.view.value;
  const talking = state.kind === 'talking' ? state : null;
  const trouble = talking && talking.downSince === null ? troubleText(silence, complaint, words) : null;
  return (
    <article class="call" aria-label={shown(remote.user)} data-call={state.kind}>
      <h2>
        <bdi>{shown(remote.user)}</bdi>
      </h2>
      {talking && <Clock talking={talking} />}
      <p role="status" class="call-state">
        {stateText(state, words)}
      </p>
      {talking?.downSince != null && <p class="warn">{words.moneyStands}</p>}
      {talking?.mutedBySystem && (
        <p class="warn" role="alert">
          {words.mutedBySystem}
        </p>
      )}
      {trouble && (
        <p class="warn" role="alert">
          {trouble}
          {(silence.in || silence.out) && <a href={hrefOf('/settings')}>{words.testSound}</a>}
          {complaint && (
            <Button kind="quiet" onClick={() => call.dismiss()}>
              {words.dismiss}
            </Button>
          )}
        </p>
      )}
      {talking && <Meter call={call} />}
      {state.kind === 'over' && <Cost call={call} />}
      {talking && <Controls call={call} talking={talking} />}
      {state.kind !== 'over' && (
        <Button kind="danger" icon="hangUp" wide onClick={() => void phone.value?.hangUp(id)}>
          {words.hangUp}
        </Button>
      )}
    </article>
  );
}

function Clock({ talking }: { talking: Talking }) {
  const until = talking.downSince ?? Math.max(clock.value, talking.answeredAt);
  return (
    <p class="clock">
      <time>{formatDuration(Math.floor((until - talking.answeredAt) / 1000))}</time>
    </p>
  );
}

function Meter({ call }: { call: LiveCall }) {
  const words = t.value.telephone;
  const { id, provider, price, state, escrowId } = call.view.value;
  if (price?.kind !== 'priced' || state.kind !== 'talking') return <p class="quiet">{words.free}</p>;
  const now = Math.max(clock.value, state.answeredAt);
  const talk = { terms: price.terms, answeredAt: state.answeredAt, until: state.downSince };
  const intervalMs = lineOf(provider)?.registered()?.voucherIntervalMs ?? 10_000;
  const left = phone.value && talkedMs(talk, now) >= 0 ? leftOf(phone.value, id) : null;
  return (
    <div class="meter">
      <p>
        {words.spent} <Amount value={costOf(talk, now)} />
        <span class="quiet"> · {words.perMinute(formatAmount(price.terms.ratePerSecond * 60n))}</span>
      </p>
      {left !== null && (
        <p class={left <= WARN_SECONDS ? 'warn' : 'quiet'} role={left <= WARN_SECONDS ? 'alert' : undefined}>
          {left <= WARN_SECONDS ? words.endsSoon(formatDuration(left)) : words.enoughFor(formatDuration(left))}
          {left <= WARN_SECONDS && escrowId !== null && (
            <Button kind="quiet" icon="plus" onClick={() => purse.value?.askToExtend(escrowId)}>
              {words.extend}
            </Button>
          )}
        </p>
      )}
      <p class="quiet small">{words.atRisk(formatAmount(atRisk(talk, now, intervalMs)))}</p>
    </div>
  );
}

/** As it was counted here; what its provider makes of it comes later, and stands in the receipt. */
function Cost({ call }: { call: LiveCall }) {
  const { id, price, state } = call.view.value;
  if (price?.kind !== 'priced' || state.kind !== 'over' || state.answeredAt === null) return null;
  const { answeredAt, endedAt } = state;
  return (
    <p>
      {t.value.telephone.bill.cost}{' '}
      <Amount value={costOf({ terms: price.terms, answeredAt, until: endedAt }, endedAt)} />
      {' · '}
      {formatDuration(Math.ceil((endedAt - answeredAt) / 1000))} · <ReceiptLink callId={id} />
    </p>
  );
}

function Controls({ call, talking }: { call: LiveCall; talking: Talking }) {
  const words = t.value.telephone;
  const shownPart = useSignal<'none' | 'keypad' | 'transfer'>('none');
  const isBusy = useSignal(false);
  const { id } = call.view.value;
  const held = isHeldByUs(talking);
  const toggle = (part: 'keypad' | 'transfer') => {
    shownPart.value = shownPart.value === part ? 'none' : part;
  };
  const press = (key: string) => {
    if (!call.sip.tones(toTones(key))) toast(words.noKeys, 'error');
  };
  const hold = async () => {
    isBusy.value = true;
    await phone.value?.hold(id, !held);
    isBusy.value = false;
  };
  return (
    <>
      <div class="controls" role="toolbar" aria-label={words.title}>
        <Button
          icon={talking.mutedByUs ? 'microphoneOff' : 'microphone'}
          aria-pressed={talking.mutedByUs}
          onClick={() => call.mute(!talking.mutedByUs)}
        >
          {talking.mutedByUs ? words.unmute : words.mute}
        </Button>
        <Button icon={held ? 'play' : 'pause'} aria-pressed={held} busy={isBusy.value} onClick={() => void hold()}>
          {held ? words.resume : words.hold}
        </Button>
        <Button icon="keypad" aria-expanded={shownPart.value === 'keypad'} onClick={() => toggle('keypad')}>
          {words.keypad}
        </Button>
        <Button icon="transfer" aria-expanded={shownPart.value === 'transfer'} onClick={() => toggle('transfer')}>
          {words.transfer}
        </Button>
      </div>
      {shownPart.value === 'keypad' && <Keypad onKey={press} />}
      {shownPart.value === 'transfer' && <Transfer id={id} />}
    </>
  );
}

function Transfer({ id }: { id: string }) {
  const words = t.value.telephone;
  const text = useSignal('');
  const isBusy = useSignal(false);
  const dialled = readDialled(text.value);
  const to = dialled.kind === 'number' ? dialled.number : dialled.kind === 'neo' ? dialled.address : null;
  const transfer = async () => {
    if (to === null) return;
    isBusy.value = true;
    const result = await phone.value?.transfer(id, to);
    isBusy.value = false;
    toast(result === 'accepted' ? words.transferred : words.notTransferred, result === 'accepted' ? 'plain' : 'error');
    if (result === 'accepted') await phone.value?.hangUp(id);
  };
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        void transfer();
      }}
    >
      <input
        type="text"
        inputMode="tel"
        aria-label={words.transferTo}
        placeholder={words.transferTo}
        value={text}
        onInput={(event) => {
          text.value = event.currentTarget.value;
        }}
      />
      <Button type="submit" busy={isBusy.value} disabled={to === null}>
        {words.transfer}
      </Button>
    </form>
  );
}
