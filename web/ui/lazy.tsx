import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { Failure } from './failure.tsx';
import { t } from './strings/strings.ts';

/** A view whose code is asked for when it is shown first; where it does not come, it can be asked for again. */
export function lazy<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  const loaded = signal<{ view: ComponentType<Props> } | null>(null);
  const error = signal<unknown>(null);
  let asked = false;
  const ask = () => {
    asked = true;
    error.value = null;
    load().then(
      (view) => {
        loaded.value = { view };
      },
      (reason) => {
        error.value = reason;
      },
    );
  };
  return function Lazy(props: Props) {
    if (loaded.value) {
      const { view: View } = loaded.value;
      return <View {...props} />;
    }
    if (error.value) return <Failure error={error.value} again={ask} />;
    if (!asked) ask();
    return (
      <p class="waiting" role="status">
        {t.value.shared.loading}
      </p>
    );
  };
}
