import { readFile, writeFile } from 'node:fs/promises';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Command } from 'commander';
import { z } from 'zod';
import { submitVoucher } from '../../protocol/api/vouchers.ts';
import { createKey, type Key, keyOf } from '../../protocol/sign/key.ts';
import { signVoucher } from '../../protocol/sign/voucher.ts';
import { bytesOfHex } from '../../protocol/types/bytes.ts';
import type { Datoshi } from '../../protocol/types/datoshi.ts';
import { openApi } from '../api.ts';
import { toGas, toId, toVoucherSignature } from '../arguments.ts';
import type { Settings } from '../config.ts';
import { openChain } from '../connect.ts';
import { fields, money, print } from '../print.ts';
import { act, examples } from '../program.ts';
import { Refusal } from '../refusal.ts';

/** Vouchers: what the user's softphone signs while a call runs. */
export function addVoucher(program: Command): void {
  const voucher = program.command('voucher').description('sign what may be claimed from an escrow with a voucher key');
  voucher
    .command('key')
    .description('keys that sign vouchers')
    .command('create')
    .description('make a key; its public half goes into escrow open --voucher-key')
    .argument('<file>', 'where to write it; it is not encrypted')
    .addHelpText('after', examples('voucher key create voucher.key'))
    .action(act(create));
  voucher
    .command('sign')
    .description('sign that the provider may claim this much in all (not: this much more)')
    .argument('<escrowId>', 'number of the escrow', toId)
    .argument('<GAS>', 'total since the escrow was opened', toGas)
    .requiredOption('--key <file>', 'file of voucher key create')
    .addHelpText('after', examples('voucher sign 7 0.0105 --key voucher.key --json'))
    .action(act(sign));
  voucher
    .command('submit')
    .description('hand in a voucher without a CDR, until the claim deadline; the highest of an escrow is kept')
    .argument('<escrowId>', 'number of the escrow', toId)
    .argument('<GAS>', 'total that was signed', toGas)
    .argument('<signature>', '128 hex digits, of voucher sign', toVoucherSignature)
    .addHelpText('after', examples('voucher submit 7 0.0105 9f2c…')) // whoever holds it may: it needs no wallet
    .action(act(submit));
}

const keyFileSchema = z.object({ publicKey: z.string(), privateKey: z.string().regex(/^[0-9a-f]{64}$/) });

async function create(settings: Settings, file: string): Promise<void> {
  const { publicKey, privateKey } = createKey();
  const text = JSON.stringify({ publicKey, privateKey: bytesToHex(privateKey) }, null, 2);
  await writeFile(file, `${text}\n`, { mode: 0o600, flag: 'wx' }).catch((error) => {
    throw new Refusal(
      error.code === 'EEXIST' ? `${file} exists already; a key file is never overwritten` : `can't write ${file}`,
      { cause: error },
    );
  });
  print(settings.json, { file, publicKey }, () => fields({ 'voucher key': file, 'public key': publicKey }));
}

/** What no claim could use, or what would promise more than the escrow holds, is not signed. */
async function sign(settings: Settings, id: bigint, total: Datoshi, { key }: { key: string }): Promise<void> {
  if (settings.network === undefined) throw new Refusal('a voucher holds for one network: give --network');
  const signer = await readKey(key);
  const { reader, network, contract } = await openChain(settings);
  const escrow = await reader.escrow(id);
  if (!escrow) throw new Refusal(`there is no open escrow ${id}: it never was, or it is closed`);
  if (escrow.voucherKey === null) throw new Refusal(`escrow ${id} has no voucher key: nothing need be signed for it`);
  if (escrow.voucherKey !== signer.publicKey)
    throw new Refusal(`${key} is another key than that of escrow ${id}, ${escrow.voucherKey}`);
  if (total > escrow.amount)
    throw new Refusal(
      `escrow ${id} holds ${money(escrow.amount)} in all, ${money(total)} is more; the total is in GAS`,
    );
  const { signature } = await signVoucher(signer, { network, contract, escrowId: id }, total);
  const hex = bytesToHex(signature);
  print(settings.json, { escrowId: Number(id), total, signature: hex }, () =>
    fields({ escrow: String(id), total: money(total), signature: hex }),
  );
}

async function submit(settings: Settings, id: bigint, total: Datoshi, signature: string): Promise<void> {
  const api = await openApi(settings);
  const kept = await api.call(submitVoucher, {
    params: { id: Number(id) },
    body: { total: total.toString(), signature },
  });
  print(settings.json, kept, () =>
    fields({
      escrow: kept.escrowId,
      'highest voucher': money(BigInt(kept.total)),
      settled: money(BigInt(kept.spent)),
      'not settled yet': money(BigInt(kept.unsettled)),
    }),
  );
}

async function readKey(file: string): Promise<Key> {
  const text = await readFile(file, 'utf8').catch((error) => {
    throw new Refusal(`can't read the key file ${file}: krypton voucher key create makes one`, { cause: error });
  });
  try {
    return keyOf(bytesOfHex(keyFileSchema.parse(JSON.parse(text)).privateKey));
  } catch (error) {
    throw new Refusal(`${file} is no file of krypton voucher key create`, { cause: error });
  }
}
