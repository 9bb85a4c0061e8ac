import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { Icon } from './icon.tsx';

type Props = {
  label: string;
  /** As an input's `accept`. */
  accept: string;
  onFile: (file: File) => void;
};

/** A file, dropped here or chosen; by keyboard it is an ordinary file input. */
export function DropZone({ label, accept, onFile }: Props) {
  const over = useSignal(false);
  const id = useId();
  return (
    <label
      class={`drop-zone${over.value ? ' over' : ''}`}
      for={id}
      onDragOver={(event) => {
        event.preventDefault();
        over.value = true;
      }}
      onDragLeave={() => {
        over.value = false;
      }}
      onDrop={(event) => {
        event.preventDefault();
        over.value = false;
        const file = event.dataTransfer?.files[0];
        if (file) onFile(file);
      }}
    >
      <Icon name="upload" />
      <span>{label}</span>
      <input
        id={id}
        class="hidden-text"
        type="file"
        accept={accept}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) onFile(file);
          event.currentTarget.value = ''; // the same file may be chosen again
        }}
      />
    </label>
  );
}
