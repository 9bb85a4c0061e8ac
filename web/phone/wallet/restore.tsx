import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { privateKeyOfWif } from '../../../protocol/sign/key.ts';
import { publicKeyOf } from '../../../protocol/sign/p256.ts';
import { addressOfPublicKey } from '../../../protocol/types/address.ts';
import { Button } from '../../ui/button.tsx';
import { Choice } from '../../ui/choice.tsx';
import { DropZone } from '../../ui/drop-zone.tsx';
import { Notice } from '../../ui/notice.tsx';
import { PasswordField } from '../../ui/password-field.tsx';
import { go } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';
import { decrypt } from '../../wallet/nep2-client.ts';
import { readSecret } from '../../wallet/read-secret.ts';
import { kept, restoreWallet } from '../../wallet/wallet.ts';
import { type FileAccount, readWalletFile } from '../../wallet/wallet-file.ts';
import { NewPassword } from './new-password.tsx';

/** A wallet file has some kilobytes. */
const MAX_FILE_BYTES = 1_000_000;

type Opened = { name: string; accounts: readonly FileAccount[] };

/** A key from elsewhere: typed, pasted, or in a file. */
export function Restore() {
  const [secret, password, account] = [useSignal(''), useSignal(''), useSignal('0')];
  const opened = useSignal<Opened | null>(null);
  const [error, busy] = [useSignal<string | null>(null), useSignal(false)];
  // One that is there already is never written over.
  const hadOne = useMemo(() => kept.value !== null && kept.value.backedUpAt !== null, []);
  const { wallet } = t.value;
  const read = readSecret(secret.value);
  const typed = secret.value.trim() !== '';

  const work = async (restore: () => Promise<string | null>) => {
    busy.value = true;
    error.value = null;
    try {
      error.value = await restore();
      if (error.value === null) go('/ready', { replace: true });
    } finally {
      busy.value = false;
    }
  };
  const fromWif = (next: string) =>
    work(async () => {
      const privateKey = privateKeyOfWif(secret.value.replace(/\s/g, ''));
      secret.value = '';
      await restoreWallet(privateKey, next);
      return null;
    });
  const fromEncrypted = () =>
    work(async () => {
      const given = password.value;
      password.value = '';
      const chosen = opened.value?.accounts[Number(account.value)];
      const text = chosen?.encrypted ?? (read.kind === 'encrypted' ? read.text : null);
      if (text === null) return wallet.notAKey;
      const privateKey = await decrypt(text, given, chosen?.cost);
      if (!privateKey) return wallet.wrongPassword;
      if (chosen && addressOfPublicKey(publicKeyOf(privateKey)) !== chosen.address) return wallet.fileAddressDiffers;
      secret.value = '';
      await restoreWallet(privateKey, given);
      return null;
    });
  const openFile = async (file: File) => {
    error.value = file.size > MAX_FILE_BYTES ? wallet.fileTooLarge : null;
    opened.value = null;
    if (error.value) return;
    const content = readWalletFile(await file.text());
    if (content.kind === 'accounts') opened.value = { name: file.name, accounts: content.accounts };
    else {
      const texts = { notNep6: wallet.fileNotNep6, noKey: wallet.fileNoKey, broken: wallet.fileBroken };
      error.value = texts[content.why];
    }
  };

  if (hadOne) return <Notice kind="warning">{wallet.hadOne}</Notice>;
  return (
    <section class="stack">
      <p class="quiet">{wallet.restoreWhy}</p>
      {opened.value === null && (
        <PasswordField
          label={wallet.restoreKey}
          value={secret}
          use="off"
          hint={wallet.restoreKeyHint}
          error={typed && read.kind === 'none' ? wallet.notAKey : null}
        />
      )}
      {read.kind === 'wif' && (
        <NewPassword action={wallet.restoreNow} busy={busy.value} error={error.value} onPassword={fromWif} />
      )}
      {(read.kind === 'encrypted' || opened.value !== null) && (
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void fromEncrypted();
          }}
        >
          {opened.value && <p>{wallet.restoreFileOpened(opened.value.name)}</p>}
          {opened.value && opened.value.accounts.length > 1 && (
            <Choice
              label={wallet.restoreAccount}
              value={account.value}
              options={opened.value.accounts.map(({ address, label }, at) => [`${at}`, `${address} ${label}`.trim()])}
              onChange={(value) => {
                account.value = value;
              }}
            />
          )}
          <PasswordField
            label={wallet.password}
            value={password}
            use="current-password"
            error={error.value}
            autofocus
          />
          <Button kind="primary" type="submit" wide busy={busy.value}>
            {busy.value ? wallet.unlocking : wallet.restoreNow}
          </Button>
        </form>
      )}
      {!typed && opened.value === null && (
        <>
          <p class="quiet">{wallet.restoreFile}</p>
          <DropZone label={wallet.dropFile} accept=".json,application/json" onFile={openFile} />
          <p class="error" role="alert">
            {error.value}
          </p>
        </>
      )}
    </section>
  );
}
