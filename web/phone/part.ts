import type { ReadonlySignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import type { IconName } from '../ui/icon.tsx';
import type { Strings } from '../ui/strings/strings.ts';

export type View = ComponentType<{ parameters: Record<string, string> }>;

/** A place in the program. */
export type Route = {
  /** `/escrow/:id` */
  path: string;
  title: (strings: Strings) => string;
  view: View;
  /** It can be shown before there is a wallet. */
  withoutWallet?: boolean;
  /** Where the arrow at the top leads; left out: there is none. */
  back?: string;
  /** It stands in the bar, by this order. */
  tab?: { icon: IconName; order: number };
};

/** Something that a newcomer does once, offered until it is done. */
export type Step = {
  name: string;
  order: number;
  title: (strings: Strings) => string;
  /** What it is good for, in a sentence. */
  why: (strings: Strings) => string;
  done: ReadonlySignal<boolean>;
  /** The route where it is done. */
  path: string;
};

/** A group of the settings page. */
export type SettingsGroup = { order: number; title: (strings: Strings) => string; view: ComponentType };

/** A part of the program: what it adds to the page. The page itself knows nothing of what is in it. */
export type Part = {
  routes: readonly Route[];
  steps?: readonly Step[];
  settings?: readonly SettingsGroup[];
  /** Always drawn, whatever the place: a running call, a question before signing. */
  overlays?: readonly ComponentType[];
  /** Runs once when the page starts, after the settings and the wallet's state are known. */
  start?: () => void | Promise<void>;
};
