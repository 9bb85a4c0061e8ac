import { useEffect } from 'preact/hooks';
import { Icon } from '../ui/icon.tsx';
import { lazy } from '../ui/lazy.tsx';
import { hrefOf, match, place } from '../ui/router.ts';
import { type Strings, t } from '../ui/strings/strings.ts';
import { Toasts } from '../ui/toast.tsx';
import { account } from '../wallet/account.ts';
import { Bar } from './bar.tsx';
import { Home, landing } from './home.tsx';
import type { Route } from './part.ts';
import { parts, routes } from './parts.ts';
import { UpdateNotice } from './update.tsx';
import { Welcome } from './wallet/welcome.tsx';

type Found = { route: Route; parameters: Record<string, string> };

const home: Route = { path: '/', title: (strings: Strings) => strings.wallet.homeTitle, view: Home };
const welcome: Route = { path: '/welcome', title: (strings: Strings) => strings.shared.appName, view: Welcome };

const settingsPage: Route = {
  path: '/settings',
  title: (strings: Strings) => strings.wallet.settings,
  view: lazy(() => import('./settings-pages/settings-page.tsx').then(({ SettingsPage }) => SettingsPage)),
  withoutWallet: true,
  back: '/',
};

const tabs = routes.filter((route) => route.tab).sort((a, b) => (a.tab?.order ?? 0) - (b.tab?.order ?? 0));

/** The page around the parts: where one is, and how to get elsewhere. */
export function App() {
  const { kind } = account.value;
  const found = find(kind !== 'none');
  const title = found?.route.title(t.value) ?? t.value.shared.notFound;
  useEffect(() => {
    const { appName } = t.value.shared;
    document.title = title === appName ? appName : `${title} · ${appName}`;
  }, [title]);
  const withTabs = kind !== 'none' && tabs.length > 1;
  if (kind === 'loading') return null;
  return (
    <div class={`page${withTabs ? ' with-tabs' : ''}`}>
      {found?.route !== welcome && <Bar route={found?.route ?? null} />}
      <main id="main" tabIndex={-1}>
        {found ? <found.route.view key={found.route.path} parameters={found.parameters} /> : <NotFound />}
      </main>
      {withTabs && (
        <nav class="tabs" aria-label={t.value.shared.sections}>
          {tabs.map((route) => (
            <Tab key={route.path} route={route} current={found?.route === route} />
          ))}
        </nav>
      )}
      {parts
        .flatMap((part) => part.overlays ?? [])
        .map((Overlay) => (
          <Overlay key={Overlay} />
        ))}
      <UpdateNotice />
      <Toasts />
    </div>
  );
}

function NotFound() {
  const { shared } = t.value;
  return (
    <div class="failure">
      <p>{shared.notFound}</p>
      <a class="button plain" href={hrefOf('/')}>
        {shared.toStart}
      </a>
    </div>
  );
}

function Tab({ route, current }: { route: Route; current: boolean }) {
  return (
    <a href={hrefOf(route.path)} aria-current={current ? 'page' : undefined}>
      {route.tab && <Icon name={route.tab.icon} />}
      <span>{route.title(t.value)}</span>
    </a>
  );
}

/** Without a wallet there is the beginning, and what needs none. */
function find(hasWallet: boolean): Found | null {
  const { path } = place.value;
  if (hasWallet && (path === '/' || path === welcome.path)) return { route: landing(tabs) ?? home, parameters: {} };
  for (const route of [...routes, settingsPage]) {
    const parameters = match(route.path, path);
    if (parameters && (hasWallet || route.withoutWallet)) return { route, parameters };
  }
  return hasWallet ? null : { route: welcome, parameters: {} };
}
