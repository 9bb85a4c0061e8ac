import type { Command } from 'commander';
import { readHeight } from '../../chain/blocks.ts';
import { isDeployed } from '../../chain/contract.ts';
import { readGasBalance } from '../../chain/gas.ts';
import { readAccount } from '../../chain/wallet-file.ts';
import { publicUrl } from '../../protocol/types/url.ts';
import { apiUrl, checkApi, readApiStatus } from '../api.ts';
import type { Settings } from '../config.ts';
import { openChain, openNode } from '../connect.ts';
import { fields, money, print } from '../print.ts';
import { act, examples } from '../program.ts';
import { lineOf, Refusal } from '../refusal.ts';
import { versionText } from './contract.ts';

/** Blocks that an index may be behind without worry: it follows a block within a moment. */
const LAG_LIMIT = 3;

/** Whether everything is there, and what to do where something is not. */
export function addStatus(program: Command): void {
  program
    .command('status')
    .description('node, contract, API, index and your balances; exit status 1 where something is not as it should be')
    .addHelpText('after', examples('status', 'status --wallet me.json --json'))
    .action(act(status));
}

type Part<T> = ({ ok: true } & T) | { ok: false; problem: string };

async function status(settings: Settings): Promise<void> {
  const [node, contract, api, wallet] = await Promise.all([
    part(() => nodeStatus(settings)),
    part(() => contractStatus(settings)),
    part(() => apiStatus(settings)),
    settings.wallet === undefined ? null : part(() => walletStatus(settings, settings.wallet as string)),
  ]);
  const parts = { node, contract, api, wallet };
  print(settings.json, parts, () =>
    fields({
      node: text(node, ({ url, network, height }) => `${url}, network ${network}, block ${height}`),
      contract: text(contract, ({ hash, version, gas }) => `${hash}, version ${version}, holds ${money(gas)}`),
      api: text(api, ({ url, indexHeight, lag }) => `${url}, index at block ${indexHeight}, lag ${lag ?? '?'}`),
      wallet: wallet && text(wallet, ({ address, gas }) => `${address}, holds ${money(gas)}`),
      'free in contract': wallet?.ok ? money(wallet.balance) : undefined,
    }),
  );
  const down = Object.entries(parts).filter(([, each]) => each && !each.ok);
  if (down.length > 0) throw new Refusal(`not all is well: ${down.map(([name]) => name).join(', ')}`);
}

async function part<T extends object>(look: () => Promise<T>): Promise<Part<T>> {
  try {
    return { ok: true, ...(await look()) };
  } catch (error) {
    return { ok: false, problem: lineOf(error) };
  }
}

function text<T>(each: Part<T>, show: (each: T) => string): string {
  return each.ok ? show(each) : `NOT WELL: ${each.problem}`;
}

async function nodeStatus(settings: Settings) {
  const { rpc, network } = await openNode(settings);
  return { url: (settings.rpc ?? []).map(publicUrl).join(', '), network, height: await readHeight(rpc) };
}

async function contractStatus(settings: Settings) {
  const { rpc, contract, network, reader } = await openChain(settings);
  if (!(await isDeployed(rpc, contract)))
    throw new Refusal(`there is no contract ${contract} on network ${network}: krypton contract deploy puts it there`);
  const [version, gas] = await Promise.all([reader.version(), readGasBalance(rpc, contract)]);
  return { hash: contract, version: versionText(version), gas };
}

async function apiStatus(settings: Settings) {
  const api = apiUrl(settings);
  const indexed = await readApiStatus(api);
  checkApi(api, indexed, settings);
  const url = publicUrl(api);
  const { indexHeight, lag } = indexed;
  if (lag !== null && lag > LAG_LIMIT)
    throw new Refusal(`the index at ${url} is ${lag} blocks behind the node: see the indexer's log`);
  return { url, indexHeight, lag };
}

async function walletStatus(settings: Settings, file: string) {
  const { address } = await readAccount(file);
  const { rpc, reader } = await openChain(settings);
  const [gas, balance] = await Promise.all([readGasBalance(rpc, address), reader.balanceOf(address)]);
  return { address, gas, balance };
}
