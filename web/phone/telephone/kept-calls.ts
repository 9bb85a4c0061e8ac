import { z } from 'zod';
import { addressSchema } from '../../../protocol/types/address.ts';
import { datoshiSchema } from '../../../protocol/types/datoshi.ts';
import type { LiveCall } from './live-call.ts';
import type { KeptDialog } from './sip.ts';

/**
 * Calls that a page leaves behind. Those that it comes back to stand in this tab's session storage, for as long as the
 * provider waits; those that it has hung up stand in localStorage until they are accounted for. Neither has a secret.
 */

const KEY = 'krypton.calls';

/** The provider waits 15 s for a phone that was cut off; a page takes a moment to start. */
const GRACE_MS = 14_000;

const dialogSchema = z.object({
  callId: z.string(),
  localTag: z.string(),
  remoteTag: z.string(),
  localSequence: z.number().int(),
  remoteSequence: z.number().int().nullable(),
  localUri: z.string(),
  remoteUri: z.string(),
  remoteTarget: z.string(),
  routes: z.array(z.string()),
}) satisfies z.ZodType<KeptDialog>;

const keptSchema = z.object({
  provider: addressSchema,
  direction: z.enum(['outgoing', 'incoming']),
  remote: z.object({ user: z.string(), name: z.string() }),
  dialog: dialogSchema,
  startedAt: z.number(),
  answeredAt: z.number(),
  savedAt: z.number(),
  escrowId: z.string().regex(/^\d+$/).nullable(),
  terms: z
    .object({
      ratePerSecond: datoshiSchema,
      feePerCall: datoshiSchema,
      initialIncrement: z.number().int(),
      increment: z.number().int(),
    })
    .nullable(),
  entry: z.string().nullable(),
});
export type KeptCall = z.infer<typeof keptSchema>;

/** Null: it is not answered yet, or over. */
export function keptOf({ view, keep }: LiveCall, now: number): KeptCall | null {
  const { provider, direction, remote, startedAt, state, price, escrowId } = view.value;
  const dialog = keep();
  if (state.kind !== 'talking' || dialog === null) return null;
  const terms = price?.kind === 'priced' ? price.terms : null;
  const entry = price?.kind === 'priced' ? price.entry : null;
  const { answeredAt } = state;
  const kept = { provider, direction, remote, dialog, startedAt, answeredAt, savedAt: now, terms, entry };
  return { ...kept, escrowId: escrowId === null ? null : String(escrowId) };
}

export function keepCalls(calls: readonly KeptCall[], comesBack: boolean): void {
  if (calls.length === 0) return;
  if (comesBack) sessionStorage.setItem(KEY, write(calls));
  else localStorage.setItem(KEY, write([...read(localStorage.getItem(KEY)), ...calls]));
}

/** Each is taken once. `over`: they lasted until their page was left. */
export function takeKeptCalls(now: number): { kept: KeptCall[]; over: KeptCall[] } {
  const calls = read(sessionStorage.getItem(KEY));
  const left = read(localStorage.getItem(KEY));
  sessionStorage.removeItem(KEY);
  localStorage.removeItem(KEY);
  const isLate = ({ savedAt }: KeptCall) => now - savedAt > GRACE_MS;
  return { kept: calls.filter((call) => !isLate(call)), over: [...calls.filter(isLate), ...left] };
}

const write = (calls: readonly KeptCall[]) =>
  JSON.stringify(calls, (_, value) => (typeof value === 'bigint' ? String(value) : value));

function read(text: string | null): KeptCall[] {
  const found = z.array(keptSchema).safeParse(text === null ? [] : readJson(text));
  return found.success ? found.data : [];
}

export const escrowOf = ({ escrowId }: KeptCall): bigint | null => (escrowId === null ? null : BigInt(escrowId));

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Whether the page that is being left is about to come back. Nobody says so to a page that is hidden: the Navigation
 * API tells before it, and where there is none, the keys for it do. A page that is not known to come back hangs up.
 */
export function watchReload(): () => boolean {
  let comesBack = false;
  const forget = () => setTimeout(() => (comesBack = false), 1_000); // it was called off
  const { navigation } = globalThis as { navigation?: EventTarget };
  navigation?.addEventListener('navigate', (event) => {
    comesBack = (event as Event & { navigationType?: string }).navigationType === 'reload';
    if (comesBack) forget();
  });
  addEventListener('keydown', ({ key, ctrlKey, metaKey }) => {
    if (key !== 'F5' && !((ctrlKey || metaKey) && key.toLowerCase() === 'r')) return;
    comesBack = true;
    forget();
  });
  return () => comesBack;
}
