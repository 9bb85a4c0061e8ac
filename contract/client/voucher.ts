import { signMessage, verifyMessage } from '../../chain/signature.ts';
import { type Datoshi, hash160Bytes, type PublicKey, type ScriptHash } from '../../chain/types.ts';
import type { Voucher } from './claim.ts';
import { bigEndian8 } from './merkle-sum.ts';

/** What a voucher is bound to: no other network, contract or escrow takes it. */
export type VoucherScope = { network: number; contract: ScriptHash; escrowId: bigint };

/** The 57 bytes that the escrow's voucher key signs. */
export function voucherMessage({ network, contract, escrowId }: VoucherScope, total: Datoshi): Buffer {
  const magic = Buffer.alloc(4);
  magic.writeUInt32LE(network);
  return Buffer.concat([
    Buffer.from('KRYPTON-VOUCHER-1', 'ascii'),
    magic,
    hash160Bytes(contract),
    bigEndian8(escrowId),
    bigEndian8(total),
  ]);
}

export function signVoucher(privateKey: Buffer, scope: VoucherScope, total: Datoshi): Voucher {
  return { total, signature: signMessage(privateKey, voucherMessage(scope, total)) };
}

export function isVoucherValid(voucherKey: PublicKey, scope: VoucherScope, { total, signature }: Voucher): boolean {
  return verifyMessage(voucherKey, voucherMessage(scope, total), signature);
}
