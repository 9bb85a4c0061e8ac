import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { type Cdr, type CdrVerdict, getCdr, listCdrs, MAX_CDRS, submitCdrs } from '../../protocol/api/cdrs.ts';
import type { Client } from '../../protocol/api/client.ts';
import { parseJson } from '../../protocol/api/json.ts';
import { getProof } from '../../protocol/api/proofs.ts';
import type { Proof } from '../../protocol/call/proof.ts';
import { formatGas } from '../../protocol/types/datoshi.ts';
import { openApi } from '../api.ts';
import { toCount, toId } from '../arguments.ts';
import { readStdin } from '../ask.ts';
import type { Settings } from '../config.ts';
import { openWallet, walletPath } from '../connect.ts';
import { fields, money, print, table } from '../print.ts';
import { act, examples } from '../program.ts';
import { Refusal } from '../refusal.ts';

/** Call detail records: a provider hands them in, provider and user can look at them. */
export function addCdr(program: Command): void {
  const cdr = program.command('cdr').description('call detail records: hand them in, see what became of them');
  cdr
    .command('submit')
    .description('hand in CDRs, signed with your wallet; sent again, they change nothing')
    .argument('<file|->', 'JSON: one CDR, a list, or {"cdrs": […]}; - reads standard input')
    .addHelpText('after', examples('cdr submit calls.json --wallet provider.json', 'cdr submit - < calls.json'))
    .action(act(submit));
  cdr
    .command('show')
    .description('state, price with its terms, what was paid, and the transaction of one CDR; for its provider or user')
    .argument('<id>', 'id that submit answered', toId)
    .addHelpText('after', examples('cdr show 23 --wallet provider.json'))
    .action(act(show));
  cdr
    .command('list')
    .description('your CDRs, the newest first')
    .option('--escrow <id>', 'of one escrow', toId)
    .option('--call <callId>', 'the one with this callId')
    .option('--limit <n>', 'so many at most', toCount('a limit', 1, 1000), 50)
    .addHelpText('after', examples('cdr list --escrow 7 --wallet provider.json'))
    .action(act(list));
  cdr
    .command('proof')
    .description('a file that proves to anybody with a NEO node that a settled call is in a claim on the chain')
    .argument('<id>', 'id that submit answered', toId)
    .option('--out <file>', 'where to write it; left out: standard output')
    .option('--public', 'without the call itself: for others than its parties, and without a wallet')
    .addHelpText(
      'after',
      examples('cdr proof 23 --out proof.json --wallet user.json', 'cdr proof 23 --public --out public.json'),
    )
    .action(act(proof));
}

async function submit(settings: Settings, file: string): Promise<void> {
  const cdrs = parseCdrs(file, file === '-' ? await readStdin() : await readCdrFile(file));
  const api = await openSignedApi(settings);
  const verdicts: CdrVerdict[] = [];
  for (let i = 0; i < cdrs.length; i += MAX_CDRS) {
    const body = { cdrs: cdrs.slice(i, i + MAX_CDRS) };
    verdicts.push(...(await api.call(submitCdrs, { body })).cdrs);
  }
  print(settings.json, { cdrs: verdicts }, () =>
    table(
      ['call', 'id', 'verdict', 'state', 'reason'],
      verdicts.map((each) => [
        each.callId ?? '',
        String(each.id ?? ''),
        each.verdict,
        each.state ?? '',
        each.reason ?? '',
      ]),
      'nothing was sent',
    ),
  );
  const conflicts = verdicts.filter(({ verdict }) => verdict === 'conflict').length;
  const invalid = verdicts.filter(({ verdict }) => verdict === 'invalid').length;
  if (conflicts + invalid > 0)
    throw new Refusal(
      `${conflicts + invalid} of ${verdicts.length} CDRs were not taken: ${invalid} invalid, ${conflicts} in conflict with what stands under their callId`,
    );
}

async function readCdrFile(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error) => {
    throw new Refusal(error.code === 'ENOENT' ? `there is no file ${file}` : `can't read ${file}`, { cause: error });
  });
}

function parseCdrs(file: string, text: string): unknown[] {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    const { message } = error as Error;
    const what = `${file === '-' ? 'standard input' : file} is no JSON that can be sent (${message})`;
    throw new Refusal(`${what}: expected a CDR or a list of them`, { cause: error });
  }
  const list = value !== null && typeof value === 'object' && 'cdrs' in value ? value.cdrs : value;
  const cdrs = Array.isArray(list) ? list : [list];
  if (cdrs.length === 0) throw new Refusal('there is no CDR in it');
  return cdrs;
}

/** The wallet is opened once the API was found right. */
async function openSignedApi(settings: Settings): Promise<Client> {
  walletPath(settings);
  const api = await openApi(settings);
  return api.as(await openWallet(settings));
}

async function show(settings: Settings, cdrId: bigint): Promise<void> {
  const api = await openSignedApi(settings);
  const cdr = await api.call(getCdr, { params: { id: String(cdrId) } });
  print(settings.json, cdr, () =>
    fields({
      cdr: cdr.id,
      call: cdr.callId,
      provider: cdr.provider,
      user: cdr.user,
      escrow: cdr.escrowId,
      from: cdr.from,
      to: cdr.to,
      'started at': cdr.startedAt,
      'answered at': cdr.answeredAt,
      'ended at': cdr.endedAt,
      disposition: cdr.disposition,
      state: cdr.reason ? `${cdr.state}: ${cdr.reason}` : cdr.state,
      billed: cdr.billableSeconds === null ? null : `${cdr.billableSeconds} s`,
      price: cdr.price === null ? null : money(BigInt(cdr.price)),
      paid: cdr.paid === null ? null : money(BigInt(cdr.paid)),
      'signed for': cdr.comparison?.voucher ? compared(cdr.comparison.voucher) : null,
      claimed: cdr.comparison && compared(cdr.comparison.claim),
      terms: cdr.terms && termsText(cdr.terms),
      transaction: cdr.txHash,
      block: cdr.height,
      corrects: cdr.corrects === null ? null : `CDR ${cdr.corrects}`,
      'superseded by': cdr.supersededBy === null ? null : `CDR ${cdr.supersededBy}`,
    }),
  );
}

async function proof(
  settings: Settings,
  cdrId: bigint,
  { out, public: isPublic = false }: { out?: string; public?: boolean },
): Promise<void> {
  const proven = isPublic ? await readPublicProof(settings, cdrId) : await readOwnProof(settings, cdrId);
  const text = `${JSON.stringify(proven, null, 2)}\n`;
  if (out === undefined) {
    process.stdout.write(text);
    return;
  }
  // With the salt in it, whoever reads the file can tie the call to its leaf on the chain.
  await writeFile(out, text, { mode: 0o600 }).catch((error) => {
    throw new Refusal(`can't write ${out}`, { cause: error });
  });
  const { claim, txHash } = proven;
  print(settings.json, { file: out, claim, txHash }, () =>
    fields({ proof: out, escrow: claim.escrowId, claim: claim.seq, transaction: txHash }),
  );
}

async function readPublicProof(settings: Settings, cdrId: bigint): Promise<Proof> {
  const api = await openApi(settings);
  return api.call(getProof, { params: { id: String(cdrId) } });
}

async function readOwnProof(settings: Settings, cdrId: bigint): Promise<Proof> {
  const api = await openSignedApi(settings);
  const cdr = await api.call(getCdr, { params: { id: String(cdrId) } });
  if (cdr.proof) return cdr.proof;
  const reason = cdr.reason === null ? '' : `: ${cdr.reason}`;
  throw new Refusal(`CDR ${cdrId} is ${cdr.state}${reason}; only what is settled on the chain can be proven`);
}

function termsText({ ratePerSecond, feePerCall, increments, entry }: NonNullable<Cdr['terms']>): string {
  const { initial, further } = increments;
  const source = entry === null ? "the escrow's own terms" : `tariff entry ${entry || 'default'}`;
  return `${feePerCall} datoshi a call and ${ratePerSecond} datoshi/s, at least ${initial} s, then by ${further} s (${source})`;
}

async function list(
  settings: Settings,
  { escrow, call, limit }: { escrow?: bigint; call?: string; limit: number },
): Promise<void> {
  const api = await openSignedApi(settings);
  const { items, next } = await api.call(listCdrs, { query: { limit, escrowId: escrow?.toString(), callId: call } });
  print(settings.json, { items, next }, () => [
    ...table(
      ['id', 'call', 'escrow', 'state', 'seconds', 'price GAS', 'paid GAS', 'reason'],
      items.map((cdr) => [
        String(cdr.id),
        cdr.callId,
        String(cdr.escrowId),
        cdr.state,
        String(cdr.billableSeconds ?? ''),
        gas(cdr.price),
        gas(cdr.paid),
        cdr.reason ?? '',
      ]),
      'no CDR',
    ),
    ...(next === null ? [] : [`there are more than ${limit}: --limit <n> shows up to 1000`]),
  ]);
}

const compared = ({ amount, match }: { amount: string; match: string }) => `${money(BigInt(amount))} , ${match}`;

const gas = (amount: string | null) => (amount === null ? '' : formatGas(BigInt(amount)));
