import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { formatTime } from '../../ui/format.ts';
import { go, hrefOf } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';
import { readDialled } from '../call/dialled.ts';
import { contacts, shown } from '../contacts/contacts.ts';
import { phone } from '../telephone/phone.ts';
import { isTooLong, type Message } from './conversation.ts';
import { readThread, sendMessage, threads } from './messages.ts';

/** Whom one has written with, the newest first. */
export function Conversations() {
  const words = t.value.telephone;
  const to = useSignal('');
  const known = contacts.value.find(({ name }) => name.toLowerCase() === to.value.trim().toLowerCase());
  const dialled = readDialled(known?.reach[0] ?? to.value);
  const peer = dialled.kind === 'number' ? dialled.number : dialled.kind === 'neo' ? dialled.address : null;
  return (
    <section class="stack">
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          if (peer !== null) go(`/messages/${encodeURIComponent(peer)}`);
        }}
      >
        <TextField label={words.newMessage} placeholder={words.number} value={to} autocomplete="off" />
        <Button type="submit" icon="message" disabled={peer === null}>
          {words.write}
        </Button>
      </form>
      {threads.value.length === 0 && <p class="quiet">{words.noMessages}</p>}
      <ul class="list">
        {threads.value.map(({ peer, last, unread }) => (
          <li key={peer}>
            <a href={hrefOf(`/messages/${encodeURIComponent(peer)}`)}>
              <strong>
                <bdi>{shown(peer)}</bdi>
              </strong>
              <span class="one-line">
                <bdi>{last.text}</bdi>
              </span>
              <small class="quiet">
                {formatTime(new Date(last.at))}
                {unread > 0 && ` · ${words.unread(unread)}`}
              </small>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Thread({ parameters }: { parameters: Record<string, string> }) {
  const words = t.value.telephone;
  const peer = parameters.peer ?? '';
  const text = useSignal('');
  const end = useRef<HTMLDivElement>(null);
  const own = threads.value.find((thread) => thread.peer === peer)?.messages ?? [];
  useEffect(() => {
    void readThread(peer);
    end.current?.scrollIntoView({ block: 'end' });
  }, [peer, own.length]);
  const line = phone.value?.lines.value.find((each) => each.isReady());
  const send = async (what: string, again?: Message) => {
    if (!line || what.trim() === '') return;
    await sendMessage((to, body) => line.sip.send(to, body), line.provider, peer, what, again);
  };
  return (
    <section class="stack thread">
      <div class="row">
        <h2>
          <bdi>{shown(peer)}</bdi>
        </h2>
        <a class="button quiet" href={hrefOf(`/phone?to=${encodeURIComponent(peer)}`)}>
          {words.call}
        </a>
      </div>
      <ol class="messages" aria-live="polite">
        {own.map((message) => (
          <li key={message.id} class={message.direction}>
            <p>
              <bdi>{message.text}</bdi>
            </p>
            <small class="quiet">
              {formatTime(new Date(message.at))}
              {message.direction === 'out' && ` · ${words.delivery[message.delivery]}`}
              {(message.delivery === 'failed' || message.delivery === 'away') && (
                <Button kind="quiet" onClick={() => void send(message.text, message)}>
                  {words.sendAgain}
                </Button>
              )}
            </small>
          </li>
        ))}
      </ol>
      <div ref={end} />
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          const what = text.value;
          text.value = '';
          void send(what);
        }}
      >
        <TextField
          label={words.write}
          value={text}
          autocomplete="off"
          error={isTooLong(text.value) ? words.tooLong : null}
        />
        <Button type="submit" kind="primary" disabled={!line || text.value.trim() === '' || isTooLong(text.value)}>
          {words.send}
        </Button>
      </form>
    </section>
  );
}
