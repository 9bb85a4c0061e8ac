import { computed, signal } from '@preact/signals';

/** Where the person is, from the address' hash: `#/escrow/7?from=call`. Nothing secret is ever in it. */
const hash = signal(globalThis.location?.hash ?? '');

export const place = computed(() => placeOf(hash.value));

export type Place = { path: string; query: URLSearchParams };

export function placeOf(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  return { path: path.startsWith('/') ? path : '/', query: new URLSearchParams(query) };
}

/** From now on the address bar decides. */
export function followHash(): void {
  hash.value = location.hash;
  addEventListener('hashchange', () => {
    hash.value = location.hash;
    toTop();
  });
}

/** A new screen begins at its top, for the eye, the keyboard and the screen reader alike. */
export function toTop(): void {
  scrollTo(0, 0);
  document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true });
}

export const hrefOf = (path: string): string => `#${path}`;

/** `replace`: the place that is left is not one to come back to. */
export function go(path: string, { replace = false } = {}): void {
  if (replace) location.replace(hrefOf(path));
  else location.hash = hrefOf(path);
}

/** What stands at the `:names` of a pattern such as `/escrow/:id`; null where the path is another one. */
export function match(pattern: string, path: string): Record<string, string> | null {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== given.length) return null;
  const found: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const value = given[at] ?? '';
    if (part.startsWith(':')) found[part.slice(1)] = decodeURIComponent(value);
    else if (part !== value) return null;
  }
  return found;
}
