import { computed } from '@preact/signals';
import { lazy } from '../../ui/lazy.tsx';
import { preferences } from '../../ui/preferences.ts';
import { lockWhenIdle } from '../../wallet/idle-lock.ts';
import { openWallet } from '../../wallet/wallet.ts';
import { inCall } from '../busy.ts';
import type { Part } from '../part.ts';
import { hasMoney, rememberMoney } from './funds.ts';
import { UnlockSheet } from './unlock-sheet.tsx';

/** The wallet, from the first minute to its settings. Its views come when they are looked at. */
export const walletPart: Part = {
  routes: [
    {
      path: '/create',
      title: (t) => t.wallet.createTitle,
      view: lazy(() => import('./create.tsx').then(({ Create }) => Create)),
      withoutWallet: true,
      back: '/',
    },
    {
      path: '/restore',
      title: (t) => t.wallet.restoreTitle,
      view: lazy(() => import('./restore.tsx').then(({ Restore }) => Restore)),
      withoutWallet: true,
      back: '/',
    },
    {
      path: '/ready',
      title: (t) => t.wallet.doneTitle,
      view: lazy(() => import('./ready.tsx').then(({ Ready }) => Ready)),
    },
    {
      path: '/fund',
      title: (t) => t.wallet.fundTitle,
      view: lazy(() => import('./fund.tsx').then(({ Fund }) => Fund)),
      back: '/',
    },
    {
      path: '/settings/backup',
      title: (t) => t.wallet.backupTitle,
      view: lazy(() => import('../settings-pages/backup.tsx').then(({ ShowBackup }) => ShowBackup)),
      back: '/settings',
    },
    {
      path: '/settings/password',
      title: (t) => t.wallet.changePasswordTitle,
      view: lazy(() => import('../settings-pages/change-password.tsx').then(({ ChangePassword }) => ChangePassword)),
      back: '/settings',
    },
    {
      path: '/settings/passkey',
      title: (t) => t.wallet.passkeyTitle,
      view: lazy(() => import('../settings-pages/passkey.tsx').then(({ PasskeySettings }) => PasskeySettings)),
      back: '/settings',
    },
    {
      path: '/settings/remove',
      title: (t) => t.wallet.removeTitle,
      view: lazy(() => import('../settings-pages/remove.tsx').then(({ Remove }) => Remove)),
      back: '/settings',
    },
  ],
  steps: [
    {
      name: 'fund',
      order: 10,
      title: (t) => t.wallet.stepFund,
      why: (t) => t.wallet.stepFundWhy,
      done: computed(() => hasMoney.value),
      path: '/fund',
    },
  ],
  overlays: [UnlockSheet],
  start: async () => {
    lockWhenIdle({ minutes: computed(() => preferences.value.idleLockMinutes), busy: inCall });
    await openWallet();
    rememberMoney();
  },
};
