import { Button } from './button.tsx';
import { t } from './strings/strings.ts';

type Props = { error: unknown; again?: () => void };

/** What went wrong, in the words of whoever noticed, and a way to try again. */
export function Failure({ error, again }: Props) {
  return (
    <div class="failure" role="alert">
      <p>{t.value.shared.wentWrong}</p>
      <p class="quiet">{error instanceof Error ? error.message : String(error)}</p>
      {again && <Button onClick={again}>{t.value.shared.tryAgain}</Button>}
    </div>
  );
}
