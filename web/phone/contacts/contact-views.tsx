import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { Button } from '../../ui/button.tsx';
import { download } from '../../ui/download.ts';
import { Field, TextField } from '../../ui/field.tsx';
import { go, hrefOf } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';
import { toast } from '../../ui/toast.tsx';
import { readDialled } from '../call/dialled.ts';
import { contacts, importContacts, removeContact, saveContact } from './contacts.ts';
import { writeVcards } from './vcard.ts';

/** A file of more than this holds no people that one person knows. */
const MAX_FILE_BYTES = 20_000_000;

export function Contacts() {
  const words = t.value.telephone;
  const file = useId();
  return (
    <section class="stack">
      <ul class="list">
        {contacts.value.map(({ id, name, reach }) => (
          <li key={id} class="row">
            <a href={hrefOf(`/contacts/${id}`)}>
              <bdi>{name}</bdi>
            </a>
            <a
              class="button quiet"
              href={hrefOf(`/phone?to=${encodeURIComponent(reach[0] ?? '')}`)}
              aria-label={words.callThem(name)}
            >
              {words.call}
            </a>
          </li>
        ))}
      </ul>
      {contacts.value.length === 0 && <p class="quiet">{words.noContacts}</p>}
      <a class="button primary wide" href={hrefOf('/contacts/new')}>
        {words.newContact}
      </a>
      <div class="row">
        <label class="button plain" for={file}>
          {words.importContacts}
          <input
            id={file}
            class="hidden-text"
            type="file"
            accept=".vcf,text/vcard,text/x-vcard"
            onChange={(event) => void take(event.currentTarget)}
          />
        </label>
        <Button
          icon="download"
          disabled={contacts.value.length === 0}
          onClick={() => download('contacts.vcf', 'text/vcard', writeVcards(contacts.value))}
        >
          {words.exportContacts}
        </Button>
      </div>
    </section>
  );
}

async function take(input: HTMLInputElement): Promise<void> {
  const [file] = input.files ?? [];
  input.value = ''; // the same file may be chosen again
  if (!file || file.size > MAX_FILE_BYTES) return;
  const { count, unusable } = await importContacts(await file.text());
  toast(t.value.telephone.imported(count, unusable));
}

export function ContactForm({ parameters }: { parameters: Record<string, string> }) {
  const words = t.value.telephone;
  const known = contacts.value.find(({ id }) => id === parameters.id);
  const name = useSignal(known?.name ?? '');
  const reach = useSignal(known?.reach.join('\n') ?? '');
  const note = useSignal(known?.note ?? '');
  const lines = reach.value.split('\n').filter((line) => line.trim() !== '');
  const read = lines.map(readDialled);
  const usable = read.flatMap((each) =>
    each.kind === 'number' ? [each.number] : each.kind === 'neo' ? [each.address] : [],
  );
  const wrong = lines[read.findIndex(({ kind }) => kind === 'nothing' || kind === 'national')];
  const save = async () => {
    await saveContact({
      id: known?.id ?? crypto.randomUUID(),
      name: name.value.trim(),
      reach: [...new Set(usable)],
      note: note.value.trim(),
    });
    go('/contacts', { replace: true });
  };
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <TextField label={words.name} value={name} required maxLength={200} autocomplete="off" />
      <Field label={words.reach} error={wrong === undefined ? null : `${wrong}: ${words.notAReachable}`}>
        {(control) => (
          <textarea
            {...control}
            rows={3}
            value={reach}
            onInput={(event) => {
              reach.value = event.currentTarget.value;
            }}
          />
        )}
      </Field>
      <TextField label={words.note} value={note} maxLength={2_000} autocomplete="off" />
      <Button
        type="submit"
        kind="primary"
        wide
        disabled={name.value.trim() === '' || usable.length === 0 || wrong !== undefined}
      >
        {words.save}
      </Button>
      {known && (
        <Button
          kind="danger"
          icon="trash"
          onClick={() => {
            void removeContact(known.id);
            go('/contacts', { replace: true });
          }}
        >
          {words.remove}
        </Button>
      )}
    </form>
  );
}
