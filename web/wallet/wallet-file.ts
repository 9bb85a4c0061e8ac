import { z } from 'zod';
import { type Address, addressSchema } from '../../protocol/types/address.ts';
import { base64OfBytes } from '../../protocol/types/bytes.ts';
import type { PublicKey } from '../../protocol/types/public-key.ts';
import { signatureScript } from '../../protocol/types/verification-script.ts';
import { type Cost, isUsable, isWholeNep2, nep2Cost } from './nep2.ts';

/** NEP-6: the file in which NEO's wallets keep keys. Ours holds one, encrypted. */

type Ours = { address: Address; publicKey: PublicKey; encrypted: string };

export function writeWalletFile({ address, publicKey, encrypted }: Ours): string {
  const contract = {
    script: base64OfBytes(signatureScript(publicKey)),
    parameters: [{ name: 'signature', type: 'Signature' }],
    deployed: false,
  };
  const account = { address, label: 'KRYPTON', isDefault: true, lock: false, key: encrypted, contract, extra: null };
  const file = { name: 'KRYPTON', version: '1.0', scrypt: nep2Cost, accounts: [account], extra: null };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** As much of NEP-6 as is needed; other wallets leave out what they don't use. */
const fileSchema = z.object({
  scrypt: z.object({ n: z.int(), r: z.int(), p: z.int() }).nullish(),
  accounts: z.array(
    z.object({
      address: addressSchema,
      label: z.string().nullish(),
      isDefault: z.boolean().nullish(),
      key: z.string().nullish(),
    }),
  ),
});

export type FileAccount = { address: Address; label: string; encrypted: string; cost: Cost };
export type FileContent =
  | { kind: 'accounts'; accounts: readonly FileAccount[] }
  /** `notNep6`: another kind of file. `noKey`: it only watches. `broken`: a key in it was damaged. */
  | { kind: 'refused'; why: 'notNep6' | 'noKey' | 'broken' };

/** The accounts of a file that have a key, its default first. */
export function readWalletFile(text: string): FileContent {
  const parsed = fileSchema.safeParse(parseJson(text));
  if (!parsed.success) return { kind: 'refused', why: 'notNep6' };
  const cost = parsed.data.scrypt ?? nep2Cost;
  if (!isUsable(cost)) return { kind: 'refused', why: 'notNep6' };
  const accounts = parsed.data.accounts
    .toSorted((one, other) => Number(other.isDefault ?? false) - Number(one.isDefault ?? false))
    .flatMap(({ address, label, key }) => (key ? [{ address, label: label ?? '', encrypted: key, cost }] : []));
  if (accounts.length === 0) return { kind: 'refused', why: 'noKey' };
  const whole = accounts.filter(({ encrypted }) => isWholeNep2(encrypted));
  return whole.length > 0 ? { kind: 'accounts', accounts: whole } : { kind: 'refused', why: 'broken' };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // then it is no wallet file either
  }
}
