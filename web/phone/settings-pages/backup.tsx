import { t } from '../../ui/strings/strings.ts';
import { kept } from '../../wallet/wallet.ts';
import { Backup } from '../wallet/backup.tsx';

/** The backup, once more: the code is encrypted, so that no password is asked; the paper asks for it. */
export function ShowBackup() {
  return (
    <section class="stack">
      <p class="quiet">{t.value.wallet.keepBackupWhy}</p>
      {kept.value && <Backup kept={kept.value} />}
    </section>
  );
}
