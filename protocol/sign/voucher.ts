import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { hash160Bytes } from '../types/address.ts';
import { bigEndian8, littleEndian4 } from '../types/bytes.ts';
import type { Datoshi } from '../types/datoshi.ts';
import type { ScriptHash } from '../types/hash.ts';
import type { PublicKey } from '../types/public-key.ts';
import { isSignatureValid } from './p256.ts';
import type { Signer } from './signer.ts';

/** What the user's softphone signed last. */
export type Voucher = { total: Datoshi /** r|s, 64 bytes */; signature: Uint8Array };

/** What a voucher is bound to: no other network, contract or escrow takes it. */
export type VoucherScope = { network: number; contract: ScriptHash; escrowId: bigint };

const prefix = utf8ToBytes('KRYPTON-VOUCHER-1');

/** The 57 bytes that the escrow's voucher key signs. */
export function voucherMessage({ network, contract, escrowId }: VoucherScope, total: Datoshi): Uint8Array {
  return concatBytes(prefix, littleEndian4(network), hash160Bytes(contract), bigEndian8(escrowId), bigEndian8(total));
}

/** `signer` holds the escrow's voucher key. */
export async function signVoucher(signer: Pick<Signer, 'sign'>, scope: VoucherScope, total: Datoshi): Promise<Voucher> {
  return { total, signature: await signer.sign(voucherMessage(scope, total)) };
}

export function isVoucherValid(voucherKey: PublicKey, scope: VoucherScope, { total, signature }: Voucher): boolean {
  return isSignatureValid(voucherKey, voucherMessage(scope, total), signature);
}
