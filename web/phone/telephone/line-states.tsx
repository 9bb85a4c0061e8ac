import { Button } from '../../ui/button.tsx';
import { t } from '../../ui/strings/strings.ts';
import { shown } from '../contacts/contacts.ts';
import { wordsOf } from './call-text.ts';
import { purse } from './faces.ts';
import type { Line } from './line.ts';
import { phone } from './phone.ts';

/** Each provider, and whether it can be reached. */
export function LineStates() {
  const lines = phone.value?.lines.value ?? [];
  if (lines.length === 0) return <p class="quiet">{t.value.telephone.noProvider}</p>;
  return (
    <ul class="lines" aria-live="polite">
      {lines.map((line) => (
        <LineState key={line.provider} line={line} />
      ))}
    </ul>
  );
}

function LineState({ line }: { line: Line }) {
  const words = t.value.telephone.lineState;
  const { recovery, answer } = line.state.value;
  // a look whether it still holds is nothing to tell
  const isSteady = (recovery === 'steady' || recovery === 'proving') && answer?.kind === 'registered';
  const text = isSteady
    ? words.steady
    : recovery === 'refused' && answer?.kind === 'locked'
      ? words.locked
      : recovery === 'refused' && answer?.kind === 'notOnChain'
        ? words.notOnChain
        : recovery === 'refused'
          ? words.refused
          : recovery === 'waiting'
            ? words.waiting
            : words.trying;
  return (
    <li class={isSteady ? 'good' : 'quiet'} data-line={recovery}>
      <bdi>{shown(line.provider)}</bdi>: {text}
      {recovery === 'refused' && answer?.kind === 'refused' && ` ${wordsOf(answer.reason, t.value.telephone)}`}
      {recovery === 'refused' && <NextStep line={line} />}
    </li>
  );
}

function NextStep({ line }: { line: Line }) {
  const words = t.value.telephone;
  const { answer } = line.state.value;
  if (answer?.kind !== 'notOnChain')
    return (
      <Button kind="quiet" icon="refresh" onClick={() => line.doubt('asked')}>
        {words.registerAgain}
      </Button>
    );
  const register = async () => {
    if (await purse.value?.register(line.provider, answer.uuid)) line.useToken(answer.uuid);
  };
  return (
    <Button kind="primary" onClick={() => void register()}>
      {words.register}
    </Button>
  );
}
