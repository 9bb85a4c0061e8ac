import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { hrefOf } from '../ui/router.ts';
import { t } from '../ui/strings/strings.ts';
import { account, askSigner } from '../wallet/account.ts';
import { lock } from '../wallet/wallet.ts';
import type { Route } from './part.ts';

/** Where one is, the way back, and whether the wallet is locked. */
export function Bar({ route }: { route: Route | null }) {
  const { shared, wallet } = t.value;
  return (
    <header class="bar">
      {route?.back && (
        <a class="button quiet bare" href={hrefOf(route.back)} aria-label={shared.back}>
          <Icon name="back" />
        </a>
      )}
      <h1>{route ? route.title(t.value) : shared.appName}</h1>
      <LockButton />
      {!route?.path.startsWith('/settings') && (
        <a class="button quiet bare" href={hrefOf('/settings')} aria-label={wallet.settings}>
          <Icon name="settings" />
        </a>
      )}
    </header>
  );
}

function LockButton() {
  const { kind } = account.value;
  const { wallet } = t.value;
  if (kind === 'unlocked')
    return <Button kind="quiet" icon="unlock" aria-label={wallet.lock} title={wallet.unlocked} onClick={lock} />;
  if (kind === 'locked')
    return <Button kind="quiet" icon="lock" aria-label={wallet.unlock} title={wallet.locked} onClick={askSigner} />;
  return null;
}
