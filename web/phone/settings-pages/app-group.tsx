import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Button } from '../../ui/button.tsx';
import { Notice } from '../../ui/notice.tsx';
import { t } from '../../ui/strings/strings.ts';
import { installOffer } from '../install.ts';

export function AppGroup() {
  const { wallet } = t.value;
  const persistent = useSignal(true);
  useEffect(() => {
    void navigator.storage.persisted().then((is) => (persistent.value = is));
  }, []);
  const offer = installOffer.value;
  return (
    <>
      {offer && (
        <Button icon="download" onClick={() => offer.prompt()}>
          {wallet.install}
        </Button>
      )}
      {!persistent.value && <Notice>{wallet.forgets}</Notice>}
      <p class="quiet">{wallet.version(VERSION)}</p>
    </>
  );
}
