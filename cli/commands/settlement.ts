import type { Command } from 'commander';
import { getSettlements, listSettlements, type Settlement } from '../../protocol/api/settlements.ts';
import { claimCodeMeaning, claimCodeName } from '../../protocol/contract/claim.ts';
import type { Address } from '../../protocol/types/address.ts';
import { formatGas } from '../../protocol/types/datoshi.ts';
import type { TxHash } from '../../protocol/types/hash.ts';
import { openApi } from '../api.ts';
import { toAddress, toCount, toTxHash } from '../arguments.ts';
import type { Settings } from '../config.ts';
import { fields, print, table } from '../print.ts';
import { act, examples } from '../program.ts';

/** What was paid on the chain, and what was refused. */
export function addSettlement(program: Command): void {
  program
    .command('settlements')
    .description('transactions that settled calls, the newest first')
    .option('--provider <address>', 'with claims of this provider', toAddress)
    .option('--user <address>', 'with claims on escrows of this user', toAddress)
    .option('--limit <n>', 'so many at most', toCount('a limit', 1, 1000), 20)
    .addHelpText('after', examples('settlements --provider NcTk5o4W4fCFMnhPLMHbEBWcJ5bGBPWbnq'))
    .action(act(list));
  program
    .command('settlement')
    .description('one of them: each settlement, that is a claim accepted, or rejected and why')
    .argument('<txHash>', 'hash of the transaction', toTxHash)
    .addHelpText('after', examples('settlement 0x5b…'))
    .action(act(show));
}

async function list(
  settings: Settings,
  { provider, user, limit }: { provider?: Address; user?: Address; limit: number },
): Promise<void> {
  const api = await openApi(settings);
  const { items, next } = await api.call(listSettlements, { query: { limit, provider, user } });
  print(settings.json, { items, next }, () => [
    ...table(
      ['block', 'time', 'transaction', 'claims', 'rejected', 'paid GAS'],
      items.map(({ height, time, txHash, claims }) => [
        String(height),
        time,
        txHash,
        String(claims.length),
        String(claims.filter(({ accepted }) => !accepted).length),
        formatGas(claims.reduce((sum, claim) => sum + (claim.accepted ? BigInt(claim.amount ?? 0) : 0n), 0n)),
      ]),
      'no transaction',
    ),
    ...(next === null ? [] : [`there are more than ${limit}: --limit <n> shows up to 1000`]),
  ]);
}

async function show(settings: Settings, txHash: TxHash): Promise<void> {
  const transaction = await (await openApi(settings)).call(getSettlements, { params: { txHash } });
  const { height, time, claims } = transaction;
  print(settings.json, transaction, () => [
    ...fields({ transaction: txHash, block: height, time }),
    ...table(
      ['escrow', 'seq', 'calls', 'seconds', 'amount GAS', 'result'],
      claims.map((claim) => [
        String(claim.escrowId),
        String(claim.seq),
        String(claim.calls ?? ''),
        String(claim.seconds ?? ''),
        claim.amount === null ? '' : formatGas(BigInt(claim.amount)),
        resultOf(claim),
      ]),
      'no claim',
    ),
  ]);
}

function resultOf({ accepted, code }: Settlement): string {
  if (accepted) return 'accepted';
  const name = code === null ? undefined : claimCodeName(code);
  return name ? `rejected ${name}: ${claimCodeMeaning[name]}` : `rejected with code ${code}`;
}
