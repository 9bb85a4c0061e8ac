import { useSignal } from '@preact/signals';
import { copyText } from '../../ui/address-view.tsx';
import { Button } from '../../ui/button.tsx';
import { download } from '../../ui/download.ts';
import { Groups } from '../../ui/groups.tsx';
import { Qr } from '../../ui/qr.tsx';
import { t } from '../../ui/strings/strings.ts';
import type { Kept } from '../../wallet/vault.ts';
import { writeWalletFile } from '../../wallet/wallet-file.ts';
import { Paper } from './paper.tsx';

type Props = {
  kept: Kept;
  /** Left out where the backup was proved long ago, and is only shown once more. */
  goOn?: () => void;
};

/** The encrypted key, in every form in which a person may want to keep it. */
export function Backup({ kept, goOn }: Props) {
  const saved = useSignal(false);
  const { wallet } = t.value;
  const save = () => {
    // Its name has no address in it: nobody should send money before the backup was tried.
    download('krypton-wallet.json', 'application/json', writeWalletFile(kept));
    saved.value = true;
  };
  return (
    <div class="stack">
      <div class="card backup">
        <Qr text={kept.encrypted} label={wallet.backupQr} />
        <p class="code" translate={false}>
          <span class="hidden-text">{wallet.backupCode}: </span>
          <Groups text={kept.encrypted} />
        </p>
        <div class="row">
          <Button icon={saved.value ? 'check' : 'download'} onClick={save}>
            {saved.value ? wallet.fileSaved : wallet.saveFile}
          </Button>
          <Button icon="copy" onClick={() => copyText(kept.encrypted)}>
            {wallet.copyCode}
          </Button>
        </div>
      </div>
      <Paper kept={kept} />
      {goOn && (
        <Button kind="primary" wide onClick={goOn}>
          {wallet.keptIt}
        </Button>
      )}
    </div>
  );
}
