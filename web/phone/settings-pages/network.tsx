import { useSignal } from '@preact/signals';
import { createRpc } from '../../../chain/rpc.ts';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { change, preferences } from '../../ui/preferences.ts';
import { t } from '../../ui/strings/strings.ts';
import { toast } from '../../ui/toast.tsx';
import { settings } from '../settings.ts';

const ASK_LIMIT_MS = 8_000;

/** A node of the person's own, taken once it has answered and is of the right network. */
export function NetworkGroup() {
  const url = useSignal(preferences.value.node ?? '');
  const [error, busy] = [useSignal<string | null>(null), useSignal(false)];
  const { wallet } = t.value;
  const save = async () => {
    const wish = url.value.trim();
    busy.value = true;
    error.value = wish === '' ? null : await faultOf(wish);
    busy.value = false;
    if (error.value !== null) return;
    change({ node: wish === '' ? null : wish });
    toast(wallet.saved);
  };
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <TextField
        label={wallet.node}
        value={url}
        type="url"
        inputMode="url"
        placeholder={settings().nodes[0] ?? ''}
        hint={busy.value ? wallet.nodeChecking : wallet.nodeHint}
        error={error.value}
      />
      <Button type="submit" busy={busy.value}>
        {wallet.save}
      </Button>
    </form>
  );
}

/** Null: it may be used. */
async function faultOf(url: string): Promise<string | null> {
  const { wallet } = t.value;
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) return wallet.nodeNotUrl;
  try {
    const { protocol } = await createRpc([url], { timeoutMs: ASK_LIMIT_MS }).call('getversion');
    return protocol.network === settings().network ? null : wallet.nodeWrongNetwork;
  } catch {
    return wallet.nodeSilent; // whatever the reason: it can't be used
  }
}
