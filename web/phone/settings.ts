import { z } from 'zod';
import { addressSchema } from '../../protocol/types/address.ts';
import { scriptHashSchema } from '../../protocol/types/hash.ts';
import { preferences } from '../ui/preferences.ts';

/** What whoever serves this page says in `settings.json` beside it. Nothing in it can cost a person money: prices and
 * providers are checked on the chain, and what is signed names network and contract. */
const schema = z.object({
  /** The KRYPTON API; null where there is none: then the chain alone is asked. */
  api: z.url().nullable(),
  /** Where providers are that the chain's `location` alone does not lead to, as on a devnet. */
  providers: z.array(z.object({ address: addressSchema, ws: z.url(), domain: z.string() })).default([]),
  /** RPC addresses of NEO nodes, the preferred first. */
  nodes: z.array(z.url()).min(1),
  /** The magic number that transactions are signed for. */
  network: z.number().int(),
  contract: scriptHashSchema,
});
export type Settings = z.infer<typeof schema>;

let loaded: Settings | undefined;

/** @throws where it is missing or has another form */
export async function loadSettings(): Promise<void> {
  const response = await fetch('./settings.json', { cache: 'no-cache' });
  if (!response.ok) throw new Error(`settings.json: HTTP status ${response.status}`);
  loaded = schema.parse(await response.json());
}

/** After `loadSettings`. */
export function settings(): Settings {
  if (!loaded) throw new Error('settings.json is not read yet');
  return loaded;
}

/** The nodes to ask, in order: the person's own alone, where one is set. */
export const nodes = (): readonly string[] => {
  const { node } = preferences.value;
  return node === null ? settings().nodes : [node];
};
