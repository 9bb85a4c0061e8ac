import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { wifOf } from '../../../protocol/sign/key.ts';
import { Button } from '../../ui/button.tsx';
import { Groups } from '../../ui/groups.tsx';
import { Notice } from '../../ui/notice.tsx';
import { PasswordField } from '../../ui/password-field.tsx';
import { Qr } from '../../ui/qr.tsx';
import { t } from '../../ui/strings/strings.ts';
import type { Kept } from '../../wallet/vault.ts';
import { hasFreshKey, readKey } from '../../wallet/wallet.ts';

/** Long enough to print it, or to write 52 characters down. */
const SHOWN_MS = 180_000;

/** The key itself on a sheet, drawn only while it is asked for. */
export function Paper({ kept }: { kept: Kept }) {
  const wif = useSignal<string | null>(null);
  const [password, wrong, busy] = [useSignal(''), useSignal(false), useSignal(false)];
  const { wallet } = t.value;
  const hide = () => {
    wif.value = null;
  };
  useEffect(() => {
    if (wif.value === null) return;
    const timer = setTimeout(hide, SHOWN_MS);
    addEventListener('pagehide', hide);
    return () => {
      clearTimeout(timer);
      removeEventListener('pagehide', hide);
    };
  }, [wif.value]);
  const show = async () => {
    const typed = hasFreshKey.value ? null : password.value;
    password.value = '';
    busy.value = true;
    const privateKey = await readKey(typed);
    busy.value = false;
    wrong.value = privateKey === null;
    if (!privateKey) return;
    wif.value = wifOf(privateKey);
    privateKey.fill(0);
  };
  if (wif.value !== null) return <Sheet wif={wif.value} encrypted={kept.encrypted} hide={hide} />;
  return (
    <details class="card">
      <summary>{wallet.onPaper}</summary>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void show();
        }}
      >
        <p class="quiet">{wallet.onPaperWhy}</p>
        {!hasFreshKey.value && (
          <PasswordField
            label={wallet.password}
            value={password}
            use="current-password"
            error={wrong.value ? wallet.wrongPassword : null}
          />
        )}
        <Button icon="key" type="submit" busy={busy.value}>
          {wallet.showPaper}
        </Button>
      </form>
    </details>
  );
}

type SheetProps = { wif: string; encrypted: string; hide: () => void };

function Sheet({ wif, encrypted, hide }: SheetProps) {
  const { wallet } = t.value;
  return (
    <section class="card paper" aria-label={wallet.onPaper}>
      <h3>{wallet.paperTitle}</h3>
      <Notice kind="danger">{wallet.paperKey}</Notice>
      <Qr text={wif} label={wallet.paperQr} />
      <p class="code" translate={false}>
        <Groups text={wif} />
      </p>
      <p class="quiet small">{wallet.paperCode}</p>
      <p class="code small" translate={false}>
        <Groups text={encrypted} />
      </p>
      <div class="row not-printed">
        <Button icon="print" onClick={() => print()}>
          {wallet.print}
        </Button>
        <Button icon="eyeOff" onClick={hide}>
          {wallet.hidePaper}
        </Button>
      </div>
    </section>
  );
}
