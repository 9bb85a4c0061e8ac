import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Button } from './button.tsx';
import { t } from './strings/strings.ts';

type Props = {
  title: string;
  /** By Escape, by the button, or by a tap outside; left out, the sheet stays until what it asks is answered. */
  onClose?: () => void;
  children: ComponentChildren;
};

/** A question above everything else, drawn only while it is open. The browser keeps the keyboard inside of it. */
export function Sheet({ title, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    dialog.current?.showModal();
    return () => dialog.current?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      class="sheet"
      tabIndex={-1}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onPointerDown={(event) => {
        if (event.target === dialog.current) onClose?.();
      }}
    >
      <div class="sheet-body">
        <header>
          <h2 id={heading}>{title}</h2>
          {onClose && <Button kind="quiet" icon="close" aria-label={t.value.shared.close} onClick={onClose} />}
        </header>
        {children}
      </div>
    </dialog>
  );
}
