/**
 * Where the keyboard is, and a screen reader reads: what had it may go away, or be of no use any more. It goes then to
 * the question above all, else to the call that runs, else to the screen; never to nowhere.
 */
export function keepFocus(): void {
  let last: Element | null = null;
  addEventListener('focusin', ({ target }) => {
    last = target as Element;
  });
  new MutationObserver(() => {
    if (last === null || isUsable(last)) return;
    last = null;
    heir()?.focus({ preventScroll: true });
  }).observe(document.body, { subtree: true, childList: true, attributeFilter: ['disabled'] });
}

const isUsable = (element: Element) => element.isConnected && !element.matches(':disabled');

function heir(): HTMLElement | null {
  const questions = document.querySelectorAll<HTMLElement>('dialog[open]');
  return questions[questions.length - 1] ?? document.querySelector('aside') ?? document.querySelector('main');
}
