import { lazy } from '../../ui/lazy.tsx';
import type { Part } from '../part.ts';
import { CallsOverlay } from './calls-overlay.tsx';
import { followPrices } from './offers.ts';
import { startPhone } from './start-phone.ts';
import './telephone.css';

/** The telephone: dial pad, calls, messages, people and history. */
export const telephonePart: Part = {
  routes: [
    {
      path: '/phone',
      title: (t) => t.telephone.title,
      view: lazy(() => import('./dial.tsx').then(({ Dial }) => Dial)),
      tab: { icon: 'phone', order: 10 },
    },
    {
      path: '/messages',
      title: (t) => t.telephone.messages,
      view: lazy(() => import('../messages/message-views.tsx').then(({ Conversations }) => Conversations)),
      tab: { icon: 'message', order: 20 },
    },
    {
      path: '/messages/:peer',
      title: (t) => t.telephone.messages,
      view: lazy(() => import('../messages/message-views.tsx').then(({ Thread }) => Thread)),
    },
    {
      path: '/contacts',
      title: (t) => t.telephone.contacts,
      view: lazy(() => import('../contacts/contact-views.tsx').then(({ Contacts }) => Contacts)),
      tab: { icon: 'contacts', order: 30 },
    },
    {
      path: '/contacts/:id',
      title: (t) => t.telephone.newContact,
      view: lazy(() => import('../contacts/contact-views.tsx').then(({ ContactForm }) => ContactForm)),
    },
    {
      path: '/history',
      title: (t) => t.telephone.history,
      view: lazy(() => import('../history/history-list.tsx').then(({ History }) => History)),
      tab: { icon: 'history', order: 40 },
    },
  ],
  settings: [
    {
      order: 20,
      title: (t) => t.telephone.sound,
      view: lazy(() => import('./sound-settings.tsx').then(({ SoundSettings }) => SoundSettings)),
    },
    {
      order: 30,
      title: (t) => t.telephone.rules,
      view: lazy(() => import('./rule-settings.tsx').then(({ RuleSettings }) => RuleSettings)),
    },
  ],
  overlays: [CallsOverlay],
  start: async () => {
    followPrices();
    await startPhone();
  },
};
