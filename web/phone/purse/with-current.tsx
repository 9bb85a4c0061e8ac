import type { ComponentType } from 'preact';
import '../../purse/view/purse.css';
import { Trouble } from '../../purse/view/trouble.tsx';
import { t } from '../../ui/strings/strings.ts';
import type { View } from '../part.ts';
import { type Current, current } from './current.ts';
import { Differs } from './differs.tsx';

type Inner = ComponentType<{ current: Current; parameters: Record<string, string> }>;

/** A place of the purse: what is wrong with node or service stands above it. */
export function withCurrent(Inner: Inner): View {
  return function WithCurrent({ parameters }) {
    const { value } = current;
    if (!value)
      return (
        <p class="waiting" role="status">
          {t.value.shared.loading}
        </p>
      );
    return (
      <div class="purse-page">
        <Trouble refusal={value.purse.trouble.value} />
        <Differs current={value} />
        <Inner current={value} parameters={parameters} />
      </div>
    );
  };
}
