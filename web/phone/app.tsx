import { Failure } from '../ui/failure.tsx';
import { Icon } from '../ui/icon.tsx';
import { hrefOf, match, place } from '../ui/router.ts';
import { t } from '../ui/strings/strings.ts';
import { Toasts } from '../ui/toast.tsx';
import { account } from '../wallet/account.ts';
import type { Route } from './part.ts';
import { parts, routes } from './parts.ts';

/** The page around the parts: where one is, and how to get elsewhere. */
export function App() {
  const found = find();
  const tabs = routes.filter((route) => route.tab).sort((a, b) => (a.tab?.order ?? 0) - (b.tab?.order ?? 0));
  const withTabs = account.value.kind !== 'none' && account.value.kind !== 'loading' && tabs.length > 1;
  return (
    <div class={`page${withTabs ? ' with-tabs' : ''}`}>
      <main>
        {found ? <found.route.view parameters={found.parameters} /> : <Failure error={t.value.shared.notFound} />}
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
          <Overlay key={Overlay.name} />
        ))}
      <Toasts />
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

function find(): { route: Route; parameters: Record<string, string> } | null {
  for (const route of routes) {
    const parameters = match(route.path, place.value.path);
    if (parameters) return { route, parameters };
  }
  return null;
}
