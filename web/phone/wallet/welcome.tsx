import { useSignal } from '@preact/signals';
import { Button } from '../../ui/button.tsx';
import { Icon } from '../../ui/icon.tsx';
import { hrefOf } from '../../ui/router.ts';
import { t } from '../../ui/strings/strings.ts';
import { mustInstallFirst } from '../install.ts';
import { Logo } from '../logo.tsx';

/** What a newcomer sees first. */
export function Welcome() {
  const { wallet } = t.value;
  const asks = useSignal(mustInstallFirst());
  return (
    <div class="welcome">
      <Logo />
      <h1>{t.value.shared.appName}</h1>
      <p class="promise">{wallet.promise}</p>
      {asks.value ? (
        <InstallFirst
          goOn={() => {
            asks.value = false;
          }}
        />
      ) : (
        <div class="actions">
          <a class="button primary wide" href={hrefOf('/create')}>
            {wallet.create}
          </a>
          <a class="button plain wide" href={hrefOf('/restore')}>
            {wallet.restore}
          </a>
        </div>
      )}
      <p class="quiet small">{wallet.welcomeNotes}</p>
    </div>
  );
}

/** iOS: the app on the home screen does not see what this page keeps, and only there a call rings. */
function InstallFirst({ goOn }: { goOn: () => void }) {
  const { wallet } = t.value;
  return (
    <section class="card" aria-labelledby="install-first">
      <h2 id="install-first">{wallet.installFirst}</h2>
      <p class="quiet">{wallet.installFirstWhy}</p>
      <ol class="how-to">
        <li>
          <Icon name="share" /> {wallet.installStepShare}
        </li>
        <li>
          <Icon name="plus" /> {wallet.installStepAdd}
        </li>
        <li>
          <Icon name="phone" /> {wallet.installStepOpen}
        </li>
      </ol>
      <Button kind="quiet" wide onClick={goOn}>
        {wallet.continueHere}
      </Button>
    </section>
  );
}
