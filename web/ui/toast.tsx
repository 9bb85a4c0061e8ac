import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

type Toast = { id: number; text: string; kind: 'plain' | 'error' };

/** Long enough to read two lines; an error stays longer. */
const SHOWN_MS = { plain: 4_000, error: 8_000 };

const toasts = signal<readonly Toast[]>([]);
let lastId = 0;

/** Says something in passing. What a person has to decide on stands in a sheet instead. */
export function toast(text: string, kind: Toast['kind'] = 'plain'): void {
  lastId += 1;
  const id = lastId;
  toasts.value = [...toasts.value, { id, text, kind }];
  setTimeout(() => {
    toasts.value = toasts.value.filter((each) => each.id !== id);
  }, SHOWN_MS[kind]);
}

/** Above everything, also above an open sheet: it is a popover, raised anew with each toast. */
export function Toasts() {
  const region = useRef<HTMLDivElement>(null);
  const shown = toasts.value;
  useEffect(() => {
    const element = region.current;
    if (!element) return;
    if (element.matches(':popover-open')) element.hidePopover();
    if (shown.length > 0) element.showPopover();
  }, [shown]);
  return (
    <div ref={region} class="toasts" popover="manual" role="status">
      {shown.map(({ id, text, kind }) => (
        <p key={id} class={`toast ${kind}`}>
          {text}
        </p>
      ))}
    </div>
  );
}
