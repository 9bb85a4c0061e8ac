import { useSignal } from '@preact/signals';
import type { Key } from '../../protocol/sign/key.ts';
import { type ScriptHash, scriptHashSchema } from '../../protocol/types/hash.ts';
import type { Refusal } from '../purse/core/refusal.ts';
import { Trouble } from '../purse/view/trouble.tsx';
import { Button } from '../ui/button.tsx';
import { Field, TextField } from '../ui/field.tsx';
import { t } from '../ui/strings/strings.ts';
import { type FileAccount, readWalletFile } from '../wallet/wallet-file.ts';
import { type Given, isEncrypted, openWallet } from './open-wallet.ts';

type Props = { onOpen: (node: string, contract: ScriptHash, key: Key) => Promise<Refusal | null> };

/** Which node, which contract, and the wallet. */
export function Question({ onOpen }: Props) {
  const words = t.value.rescue;
  const linked = new URLSearchParams(location.hash.slice(1));
  const [node, contract] = [useSignal(linked.get('node') ?? ''), useSignal(linked.get('contract') ?? '')];
  const [text, password] = [useSignal(''), useSignal('')];
  const accounts = useSignal<readonly FileAccount[]>([]);
  const chosen = useSignal(0);
  const wrong = useSignal<'node' | 'contract' | 'key' | 'file' | 'password' | null>(null);
  const refusal = useSignal<Refusal | null>(null);
  const busy = useSignal(false);
  const account = accounts.value[chosen.value];
  const given: Given = account ? { kind: 'account', account } : { kind: 'text', text: text.value };

  const read = async (file: File | undefined) => {
    const content = file ? readWalletFile(await file.text()) : null;
    accounts.value = content?.kind === 'accounts' ? content.accounts : [];
    chosen.value = 0;
    wrong.value = content?.kind === 'refused' ? 'file' : null;
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy.value) return;
    const hash = scriptHashSchema.safeParse(contract.value.trim());
    wrong.value = !/^https?:\/\/./.test(node.value.trim()) ? 'node' : !hash.success ? 'contract' : null;
    if (!hash.success || wrong.value) return;
    busy.value = true;
    await drawn();
    const key = openWallet(given, password.value);
    if (typeof key === 'string') wrong.value = key === 'noKey' ? 'key' : 'password';
    else {
      text.value = '';
      password.value = '';
      refusal.value = await onOpen(node.value.trim(), hash.data, key);
    }
    busy.value = false;
  };
  return (
    <form class="purse-form" onSubmit={submit} noValidate>
      <Trouble refusal={refusal.value} />
      <TextField
        label={words.node}
        hint={words.nodeHint}
        value={node}
        type="url"
        inputMode="url"
        error={wrong.value === 'node' ? words.nodeWrong : null}
      />
      <TextField
        label={words.contract}
        hint={words.contractHint}
        value={contract}
        autocomplete="off"
        maxLength={42}
        error={wrong.value === 'contract' ? words.contractWrong : null}
      />
      <h2>{words.wallet}</h2>
      {!account && (
        <TextField
          label={words.key}
          hint={words.keyHint}
          value={text}
          type="password"
          autocomplete="off"
          maxLength={80}
          error={wrong.value === 'key' ? words.keyWrong : null}
        />
      )}
      <Field label={words.file} error={wrong.value === 'file' ? words.fileWrong : null}>
        {(control) => (
          <input
            {...control}
            type="file"
            accept=".json,application/json"
            onChange={(event) => read(event.currentTarget.files?.[0])}
          />
        )}
      </Field>
      {accounts.value.length > 1 && (
        <Field label={words.account}>
          {(control) => (
            <select
              {...control}
              onChange={(event) => {
                chosen.value = event.currentTarget.selectedIndex;
              }}
            >
              {accounts.value.map(({ address, label }) => (
                <option key={address}>{label ? `${label} ${address}` : address}</option>
              ))}
            </select>
          )}
        </Field>
      )}
      {isEncrypted(given) && (
        <TextField
          label={words.password}
          value={password}
          type="password"
          autocomplete="off"
          error={wrong.value === 'password' ? words.passwordWrong : null}
        />
      )}
      <Button kind="primary" type="submit" wide busy={busy.value}>
        {busy.value ? words.opening : words.open}
      </Button>
    </form>
  );
}

/** The page stands still while it opens a key: what says so has to be drawn before. */
const drawn = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
