import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import '../../purse/view/purse.css';
import type { DapiProvider } from '../../purse/core/installed-wallet.ts';
import { refusalWords } from '../../purse/view/words.ts';
import { Button } from '../../ui/button.tsx';
import { go } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';
import { account } from '../../wallet/account.ts';
import { settings } from '../settings.ts';
import { installedWallet, useInstalled } from './current.ts';

/** A wallet of the browser's own in place of a key of this page. */
export function InstalledWallet() {
  const words = t.value.purse.installed;
  const wallet = useSignal<DapiProvider | null | 'looking'>('looking');
  const refusal = useSignal<string | null>(null);
  const busy = useSignal(false);
  useEffect(() => {
    void installedWallet().then((found) => {
      wallet.value = found;
    });
  }, [wallet]);
  const { value } = wallet;
  const choose = async (chosen: DapiProvider) => {
    busy.value = true;
    const refused = await useInstalled(chosen);
    busy.value = false;
    refusal.value = refused && refusalWords(refused);
    if (!refused) go('/purse');
  };
  return (
    <div class="purse-page">
      <p class="quiet">{words.why}</p>
      {value === 'looking' && <p class="waiting">{words.looking}</p>}
      {value === null && <p role="status">{words.none}</p>}
      {refusal.value !== null && (
        <p class="purse-refusal" role="alert">
          {refusal.value}
        </p>
      )}
      {value !== null && value !== 'looking' && (
        <>
          {account.value.kind === 'installed' && <p class="purse-good">{words.used(value.name)}</p>}
          {value.network !== settings().network && <p class="purse-trouble">{words.otherNetwork}</p>}
          <p>{words.signs}</p>
          <Button kind="primary" wide busy={busy.value} onClick={() => choose(value)}>
            {words.use(value.name)}
          </Button>
        </>
      )}
    </div>
  );
}
