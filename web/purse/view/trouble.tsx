import type { Refusal } from '../core/refusal.ts';
import { refusalWords } from './words.ts';

/** Why what is shown may be old: a node that is away, or the wrong one. */
export function Trouble({ refusal }: { refusal: Refusal | null }) {
  return (
    <div role="alert">
      {refusal && (
        <p class="purse-trouble">
          {refusalWords(refusal)}
          {'detail' in refusal && refusal.detail !== undefined && <small>{refusal.detail}</small>}
        </p>
      )}
    </div>
  );
}
