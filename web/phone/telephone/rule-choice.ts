import { signal } from '@preact/signals';
import type { Rule } from '../call/rules.ts';
import type { Store } from './store.ts';

/** The person's rules: by which provider a call goes. */
export const rules = signal<readonly Rule[]>([]);

let store: Store | null = null;

export async function openRules(opened: Store): Promise<void> {
  store = opened;
  rules.value = await opened.all<Rule>('rules');
}

/** A prefix has one rule; the last one counts. */
export async function saveRule(rule: Rule): Promise<void> {
  rules.value = [...rules.value.filter(({ prefix }) => prefix !== rule.prefix), rule];
  await store?.put('rules', `prefix ${rule.prefix}`, rule);
}

export async function removeRule(prefix: string): Promise<void> {
  rules.value = rules.value.filter((rule) => rule.prefix !== prefix);
  await store?.delete('rules', `prefix ${prefix}`);
}
