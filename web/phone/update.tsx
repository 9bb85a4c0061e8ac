import { useSignal } from '@preact/signals';
import { Button } from '../ui/button.tsx';
import { t } from '../ui/strings/strings.ts';
import { inCall } from './busy.ts';
import { takeNewVersion, waitingVersion } from './service-worker.ts';

/** A new version is offered, once it is here as a whole. Never forced: in a call not even offered as an action. */
export function UpdateNotice() {
  const put = useSignal<ServiceWorker | null>(null);
  const { wallet } = t.value;
  const { value: waiting } = waitingVersion;
  if (!waiting || put.value === waiting) return null;
  return (
    <div class="update" role="status">
      <p>{inCall.value ? wallet.newVersionInCall : wallet.newVersion}</p>
      <div class="row">
        <Button
          kind="quiet"
          onClick={() => {
            put.value = waiting;
          }}
        >
          {wallet.later}
        </Button>
        {!inCall.value && (
          <Button kind="primary" onClick={() => takeNewVersion(waiting)}>
            {wallet.updateNow}
          </Button>
        )}
      </div>
    </div>
  );
}
