import { t } from '../../ui/strings/strings.ts';
import type { SettingsGroup } from '../part.ts';
import { parts } from '../parts.ts';
import { AppGroup } from './app-group.tsx';
import { AppearanceGroup } from './appearance.tsx';
import { NetworkGroup } from './network.tsx';
import { WalletGroup } from './wallet-group.tsx';

const own: readonly SettingsGroup[] = [
  { order: 10, title: (strings) => strings.wallet.walletGroup, view: WalletGroup },
  { order: 20, title: (strings) => strings.wallet.appearanceGroup, view: AppearanceGroup },
  { order: 80, title: (strings) => strings.wallet.networkGroup, view: NetworkGroup },
  { order: 90, title: (strings) => strings.wallet.appGroup, view: AppGroup },
];

/** All that can be set, in groups; each part of the program brings its own. */
export function SettingsPage() {
  const groups = [...own, ...parts.flatMap((part) => part.settings ?? [])].sort((a, b) => a.order - b.order);
  return (
    <div class="stack">
      {groups.map(({ order, title, view: View }) => (
        <section key={order} class="card" aria-labelledby={`group-${order}`}>
          <h2 id={`group-${order}`}>{title(t.value)}</h2>
          <View />
        </section>
      ))}
    </div>
  );
}
