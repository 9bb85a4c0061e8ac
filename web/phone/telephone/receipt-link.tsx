import { hrefOf } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';

/** To what a call cost and why, and where the chain says so. */
export function ReceiptLink({ callId }: { callId: string }) {
  return <a href={hrefOf(`/receipt/${encodeURIComponent(callId)}`)}>{t.value.purse.receipt.title}</a>;
}
