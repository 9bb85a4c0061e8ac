import { signal } from '@preact/signals';
import type { Part, View } from '../phone/part.ts';
import { lazy } from '../ui/lazy.tsx';
import type { Strings } from '../ui/strings/strings.ts';
import { ActivityOverlay } from './overlay.tsx';

/** Each place brings its code when it is shown first. */
const view = (load: () => Promise<View>): View => lazy(load);

const isRegistered = signal(false);

export const pursePart: Part = {
  routes: [
    {
      path: '/purse',
      title: (strings) => strings.purse.title,
      view: view(() => import('../phone/purse/overview.tsx').then(({ Overview }) => Overview)),
      tab: { icon: 'purse', order: 15 },
    },
    {
      path: '/purse/history',
      title: (strings) => strings.purse.history,
      view: view(() => import('../phone/purse/history.tsx').then(({ History }) => History)),
      back: '/purse',
    },
    ...(['deposit', 'withdraw', 'send'] as const).map((kind) => ({
      path: `/purse/${kind}`,
      title: (strings: Strings) => strings.purse[kind],
      view: view(() => import('../phone/purse/move-money.tsx').then(({ moveMoney }) => moveMoney(kind))),
      back: '/purse',
    })),
    {
      path: '/escrow/:id',
      title: (strings) => strings.purse.escrows,
      view: view(() => import('../phone/purse/escrow.tsx').then(({ EscrowView }) => EscrowView)),
      back: '/purse',
    },
    {
      path: '/transaction/:hash',
      title: (strings) => strings.purse.transaction,
      view: view(() => import('../phone/purse/transaction.tsx').then(({ TransactionView }) => TransactionView)),
      back: '/purse/history',
    },
    {
      path: '/receipt/:callId',
      title: (strings) => strings.purse.receipt.title,
      view: view(() => import('../phone/purse/receipt.tsx').then(({ ReceiptView }) => ReceiptView)),
      back: '/history',
    },
    {
      path: '/installed-wallet',
      title: (strings) => strings.purse.installed.title,
      view: view(() => import('../phone/purse/installed-wallet.tsx').then((module) => module.InstalledWallet)),
      withoutWallet: true,
      back: '/',
    },
    {
      path: '/providers',
      title: (strings) => strings.providers.title,
      view: view(() => import('../phone/providers/list.tsx').then(({ Providers }) => Providers)),
      back: '/',
    },
    {
      path: '/provider/:address',
      title: (strings) => strings.providers.provider,
      view: view(() => import('../phone/providers/provider.tsx').then(({ ProviderView }) => ProviderView)),
      back: '/providers',
    },
  ],
  steps: [
    {
      name: 'provider',
      order: 30,
      title: (strings) => strings.providers.step,
      why: (strings) => strings.providers.stepWhy,
      done: isRegistered,
      path: '/providers',
    },
  ],
  settings: [
    {
      order: 60,
      title: (strings) => strings.purse.elsewhere.title,
      view: lazy(() => import('../phone/purse/elsewhere.tsx').then(({ Elsewhere }) => Elsewhere)),
    },
  ],
  overlays: [ActivityOverlay],
  start: async () => {
    const { startPurse } = await import('../phone/purse/start.ts');
    await startPurse(isRegistered);
  },
};
