import { datoshi } from '../../../protocol/types/datoshi.ts';
import { Amount } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { Sheet } from '../../ui/sheet.tsx';
import { t } from '../../ui/strings/strings.ts';
import { type Activity, activity } from '../activity.ts';
import type { Statement } from '../core/statement.ts';
import { Hash } from './hash.tsx';
import { allowedWords, deedNotes, deedWords, entryWords, refusalWords, troubleWords } from './words.ts';

/** From the wish to the block: what will be signed, in words made from the bytes, and what became of it. */
export function ActivitySheet() {
  const { value } = activity;
  if (!value) return null;
  return (
    <Sheet title={titleOf(value)} {...(closeOf(value) && { onClose: closeOf(value) as () => void })}>
      <Body activity={value} />
    </Sheet>
  );
}

const close = () => {
  activity.value = null;
};

function titleOf({ step }: Activity): string {
  const { ask } = t.value.purse;
  if (step === 'waiting' || step === 'ended') return ask.signedTitle;
  return step === 'refused' ? ask.failedTitle : ask.title;
}

/** What is being tried or signed can't be left; what is sent goes on by itself. */
function closeOf(value: Activity): (() => void) | undefined {
  if (value.step === 'asking' || value.step === 'allowing') return () => value.answer(false);
  return value.step === 'preparing' || value.step === 'signing' ? undefined : close;
}

function Body({ activity: value }: { activity: Activity }) {
  const { ask } = t.value.purse;
  switch (value.step) {
    case 'preparing':
      return <Waiting text={ask.preparing} />;
    case 'refused':
      return (
        <>
          <p class="purse-refusal" role="alert">
            {refusalWords(value.refusal)}
          </p>
          <Button wide onClick={close}>
            {t.value.shared.close}
          </Button>
        </>
      );
    case 'allowing':
      return (
        <>
          <p class="purse-deed">{allowedWords(value.allowed)}</p>
          <p class="quiet">{ask.allowOnce}</p>
          <Button kind="primary" wide onClick={() => value.answer(true)}>
            {ask.allow}
          </Button>
          <Button wide onClick={() => value.answer(false)}>
            {t.value.shared.cancel}
          </Button>
        </>
      );
    case 'asking':
      return (
        <>
          <Deeds statement={value.statement} />
          <Costs statement={value.statement} />
          <p class="quiet">{ask.once}</p>
          <Button kind="primary" wide onClick={() => value.answer(true)}>
            {ask.sign}
          </Button>
          <Button wide onClick={() => value.answer(false)}>
            {t.value.shared.cancel}
          </Button>
        </>
      );
    case 'signing':
      return (
        <>
          <Deeds statement={value.statement} />
          <Waiting text={ask.signing} />
        </>
      );
    case 'waiting':
      return (
        <>
          <Deeds statement={value.statement} />
          <Waiting text={value.trouble ? troubleWords(value.trouble) : ask.waiting} />
          <p class="quiet">{ask.goesOn}</p>
          <Hash value={value.entry.hash} />
        </>
      );
    case 'ended':
      return (
        <>
          <Deeds statement={value.statement} />
          <p role="status" class="purse-outcome">
            {value.entry.state.kind === 'done' ? ask.done(String(value.entry.state.height)) : entryWords(value.entry)}
          </p>
          <Hash value={value.entry.hash} />
          <Button kind="primary" wide onClick={close}>
            {t.value.shared.done}
          </Button>
        </>
      );
    default:
      return value satisfies never;
  }
}

function Waiting({ text }: { text: string }) {
  return (
    <p class="waiting" role="status">
      <span class="spinner" aria-hidden="true" /> {text}
    </p>
  );
}

function Deeds({ statement }: { statement: Statement }) {
  return (
    <div class="purse-deeds">
      {statement.deeds.map((deed) => (
        <div key={deedWords(deed)}>
          <p class="purse-deed">{deedWords(deed)}</p>
          {deedNotes(deed).map((note) => (
            <p class="quiet" key={note}>
              {note}
            </p>
          ))}
        </div>
      ))}
    </div>
  );
}

function Costs({ statement }: { statement: Statement }) {
  const { ask } = t.value.purse;
  const fees = statement.systemFee + statement.networkFee;
  return (
    <dl class="purse-facts">
      <dt>{ask.fees}</dt>
      <dd>
        <Amount value={fees} />
      </dd>
      <dt>{ask.sum}</dt>
      <dd>
        <Amount value={datoshi(fees + outOf(statement))} />
      </dd>
    </dl>
  );
}

/** GAS that leaves the account itself; an escrow's money leaves the contract's balance. */
function outOf({ deeds }: Statement): bigint {
  return deeds.reduce((sum, deed) => sum + (deed.kind === 'deposit' || deed.kind === 'send' ? deed.amount : 0n), 0n);
}
