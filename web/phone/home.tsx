import { Icon } from '../ui/icon.tsx';
import { hrefOf } from '../ui/router.ts';
import { t } from '../ui/strings/strings.ts';
import type { Route, Step } from './part.ts';
import { parts } from './parts.ts';

const steps: readonly Step[] = parts.flatMap((part) => part.steps ?? []).sort((a, b) => a.order - b.order);

/** Where the page opens: the first tab, once nothing is left to do. */
export function landing(tabs: readonly Route[]): Route | null {
  return steps.every(({ done }) => done.value) ? (tabs[0] ?? null) : null;
}

/** What a newcomer has still to do, in order; what is done stays to be seen. */
export function Home() {
  const { wallet } = t.value;
  const next = steps.find(({ done }) => !done.value);
  return (
    <section class="stack">
      <p class="quiet">{next ? wallet.homeWhy : wallet.allDone}</p>
      <ol class="steps">
        {steps.map((step) => (
          <li key={step.name}>
            <StepLink step={step} isNext={step === next} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function StepLink({ step, isNext }: { step: Step; isNext: boolean }) {
  const done = step.done.value;
  return (
    <a class={`card step${done ? ' done' : ''}${isNext ? ' next' : ''}`} href={hrefOf(step.path)}>
      <span class="mark">{done && <Icon name="check" size={20} />}</span>
      <span>
        <strong>{step.title(t.value)}</strong>
        <span class="quiet">{step.why(t.value)}</span>
        {done && <span class="hidden-text">{t.value.wallet.stepDone}</span>}
      </span>
      <Icon name="forward" />
    </a>
  );
}
