import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { sentenceOf } from '../../../protocol/call/proof.ts';
import { datoshi } from '../../../protocol/types/datoshi.ts';
import type { TxHash } from '../../../protocol/types/hash.ts';
import { type ProofVerdict, type Receipt, readReceipt } from '../../purse/core/receipt.ts';
import { isRefusal } from '../../purse/core/refusal.ts';
import { onlySilence } from '../../purse/core/silence.ts';
import { Hash } from '../../purse/view/hash.tsx';
import { refusalWords } from '../../purse/view/words.ts';
import { Amount } from '../../ui/amount.tsx';
import { Button } from '../../ui/button.tsx';
import { Failure } from '../../ui/failure.tsx';
import { formatAmount } from '../../ui/format.ts';
import { t } from '../../ui/strings/strings.ts';
import { toast } from '../../ui/toast.tsx';
import { history, isTooMuch, type PastCall, secondsOf } from '../history/history.ts';
import type { Current } from './current.ts';
import { asDelegate, askDelegate, delegateOf } from './delegation.ts';
import { withCurrent } from './with-current.tsx';

/** What a call cost and why, and where the chain says so. Shown after a call, and from the list of calls. */
export const ReceiptView = withCurrent(({ current, parameters }) => (
  <>
    <CallReceipt current={current} callId={parameters.callId ?? ''} />
  </>
));

type Seen = Receipt | { kind: 'reading' } | { kind: 'locked' } | { kind: 'failed'; error: unknown };

/** Until it is settled it is asked for again. */
const AGAIN_MS = 10_000;

function CallReceipt({ current, callId }: { current: Current; callId: string }) {
  const words = t.value.purse.receipt;
  const seen = useSignal<Seen>({ kind: 'reading' });
  const allowed = useSignal(0);
  useEffect(() => {
    const read = async () => {
      const next = await look(current, callId);
      seen.value = next;
      if (next.kind === 'record' && next.cdr.state === 'settled' && next.proof !== null) clearInterval(timer);
    };
    const timer = setInterval(read, AGAIN_MS);
    void read();
    return () => clearInterval(timer);
  }, [current, callId, allowed.value, seen]);
  const allow = async () => {
    const made = await askDelegate(current);
    if (isRefusal(made)) toast(refusalWords(made), 'error');
    else allowed.value += 1;
  };
  const { value } = seen;
  if (!current.client) return <p class="quiet">{words.noService}</p>;
  switch (value.kind) {
    case 'reading':
      return <p class="waiting">{t.value.shared.loading}</p>;
    case 'locked':
      return (
        <>
          <p>{words.allowWhy}</p>
          <Button kind="primary" onClick={allow}>
            {words.allow}
          </Button>
        </>
      );
    case 'failed':
      return <Failure error={value.error} />;
    case 'notYet':
      return <p role="status">{words.notYet}</p>;
    case 'foreign':
      return (
        <p class="purse-refusal" role="alert">
          {words.foreign}
        </p>
      );
    case 'record':
      return <Record {...value} here={history.value.find(({ id }) => id === callId)} />;
    default:
      return value satisfies never;
  }
}

async function look(current: Current, callId: string): Promise<Seen> {
  const { purse, identity, client } = current;
  const delegate = await delegateOf(current);
  if (!delegate || !client) return { kind: 'locked' };
  try {
    const asked = { chain: purse.chain, client: asDelegate(client(), delegate), address: identity.address };
    return await readReceipt(asked, callId);
  } catch (error) {
    onlySilence(error);
    return { kind: 'failed', error };
  }
}

/** `here`: the call as it was on this device, where it was. */
function Record({ cdr, expected, proof, here }: Extract<Receipt, { kind: 'record' }> & { here: PastCall | undefined }) {
  const words = t.value.purse.receipt;
  const { terms } = cdr;
  const talked = here && secondsOf(here);
  return (
    <>
      <dl class="purse-facts">
        {talked !== undefined && talked !== null && (
          <>
            <dt>{words.talked}</dt>
            <dd>{words.seconds(String(talked))}</dd>
          </>
        )}
        <dt>{words.billed}</dt>
        <dd>{cdr.billableSeconds === null ? '–' : words.seconds(String(cdr.billableSeconds))}</dd>
        <dt>{words.price}</dt>
        <dd>
          <Amount value={cdr.price === null ? null : BigInt(cdr.price)} />
        </dd>
        <dt>{words.paid}</dt>
        <dd>
          <Amount value={cdr.paid === null ? null : BigInt(cdr.paid)} />
        </dd>
      </dl>
      {terms && (
        <p class="quiet">
          {words.formula(
            String(cdr.billableSeconds ?? 0),
            formatAmount(datoshi(BigInt(terms.ratePerSecond))),
            formatAmount(datoshi(BigInt(terms.feePerCall))),
          )}
          {', '}
          {terms.tariffHash === null ? words.ownTerms : terms.entry ? words.entry(terms.entry) : words.entryDefault}
        </p>
      )}
      {expected && !expected.isRight && (
        <p class="purse-refusal" role="alert">
          {words.wrongPrice(formatAmount(datoshi(BigInt(cdr.price ?? 0))), formatAmount(expected.price))}
        </p>
      )}
      {here?.bill && isTooMuch(here.bill) && (
        <p class="purse-refusal" role="alert">
          {t.value.telephone.bill[here.bill.verdict]}
        </p>
      )}
      {cdr.reason !== null && <p class="quiet">{cdr.reason}</p>}
      {cdr.state === 'settled' && cdr.txHash !== null ? (
        <>
          <p>
            {words.settled} <Hash value={cdr.txHash as TxHash} />
          </p>
          <Verdict proof={proof} />
        </>
      ) : (
        <p role="status">{words.waiting}</p>
      )}
    </>
  );
}

function Verdict({ proof }: { proof: ProofVerdict | null }) {
  const words = t.value.purse.receipt;
  if (proof === null) return <p class="quiet">{words.noProof}</p>;
  if (proof.kind === 'proven')
    return (
      <p class="purse-good" role="status">
        {words.proven(String(proof.call), String(proof.of))}
      </p>
    );
  return (
    <div class="purse-refusal" role="alert">
      <p>{words.unproven}</p>
      <ul>
        {proof.faults.map((fault) => {
          const known = fault.code === 'foreign' ? words.foreign : t.value.purse.transactionUnknown;
          const text = 'given' in fault ? sentenceOf(fault) : known;
          return <li key={text}>{text}</li>;
        })}
      </ul>
    </div>
  );
}
