import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Button } from '../../ui/button.tsx';
import { t } from '../../ui/strings/strings.ts';
import { toast } from '../../ui/toast.tsx';
import { shown } from '../contacts/contacts.ts';
import { isComing, type LiveCall } from './live-call.ts';
import { liveCalls, phone } from './phone.ts';
import { RunningCall } from './running-call.tsx';

/** Whatever is under way, wherever in the program one is. */
export function CallsOverlay() {
  const running = liveCalls.value.filter((call) => !isComing(call));
  const incoming = liveCalls.value.filter(isComing);
  return (
    <>
      {running.length > 0 && (
        <aside class="calls" tabIndex={-1} aria-label={t.value.telephone.title}>
          {running.map((call) => (
            <RunningCall key={call.sip.id} call={call} />
          ))}
        </aside>
      )}
      {incoming.map((call) => (
        <IncomingCall key={call.sip.id} call={call} talks={running.length > 0} />
      ))}
    </>
  );
}

/** Above everything else: somebody waits. Escape does not answer or decline by accident. */
function IncomingCall({ call, talks }: { call: LiveCall; talks: boolean }) {
  const words = t.value.telephone;
  const dialog = useRef<HTMLDialogElement>(null);
  const busy = useSignal(false);
  const { id, remote, state } = call.view.value;
  useEffect(() => {
    dialog.current?.showModal();
    return () => dialog.current?.close();
  }, []);
  const answer = async () => {
    busy.value = true;
    const result = await phone.value?.answer(id);
    busy.value = false;
    if (result === 'noMicrophone') toast(words.noMicrophone, 'error');
  };
  const who = shown(remote.user);
  return (
    <dialog
      ref={dialog}
      class="incoming"
      tabIndex={-1}
      aria-label={words.incomingFrom(who)}
      onCancel={(event) => event.preventDefault()}
    >
      <p class="quiet">{words.incoming}</p>
      <h2>
        <bdi>{who}</bdi>
      </h2>
      {who !== remote.user && (
        <p class="quiet" translate={false}>
          <bdi>{remote.user}</bdi>
        </p>
      )}
      <div class="row">
        <Button kind="danger" icon="hangUp" onClick={() => void phone.value?.hangUp(id)}>
          {words.decline}
        </Button>
        <Button
          kind="primary"
          icon="phone"
          busy={busy.value || state.kind === 'answering'}
          onClick={() => void answer()}
        >
          {talks ? words.holdAndAnswer : words.answer}
        </Button>
      </div>
    </dialog>
  );
}
