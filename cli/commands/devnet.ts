import type { Command } from 'commander';
import { readHeight } from '../../chain/blocks.ts';
import { readGasBalance, transferGas } from '../../chain/gas.ts';
import type { Address } from '../../protocol/types/address.ts';
import { type Datoshi, formatGas } from '../../protocol/types/datoshi.ts';
import { openTreasury } from '../../stack/accounts.ts';
import { toAddress, toGas } from '../arguments.ts';
import type { Settings } from '../config.ts';
import { type Node, openNode } from '../connect.ts';
import { fields, money, print } from '../print.ts';
import { act, examples } from '../program.ts';
import { Refusal } from '../refusal.ts';

/** The chain that npm start runs, with play money. */
export function addDevnet(program: Command): void {
  const devnet = program.command('devnet').description('the chain with play money that npm start runs');
  devnet
    .command('fund')
    .description('give GAS of the devnet to an account; no other network has a purse for this')
    .argument('<address>', 'who gets it', toAddress)
    .argument('<GAS>', 'amount, at most 8 decimals', toGas)
    .addHelpText('after', examples('devnet fund NcTk5o4W4fCFMnhPLMHbEBWcJ5bGBPWbnq 100'))
    .action(act(fund));
  devnet
    .command('status')
    .description('where the devnet is, how far its chain is, and what is left in its purse')
    .addHelpText('after', examples('devnet status'))
    .action(act(devnetStatus));
}

/** @throws Refusal where the node is of another network than the stack on this machine */
export async function openDevnet(settings: Settings): Promise<Node> {
  const { stack, folder } = settings;
  if (!stack)
    throw new Refusal(`no devnet runs on this machine (there is no ${folder.endpoints}): npm start starts one`);
  const node = await openNode(settings);
  if (node.network === stack.network) return node;
  throw new Refusal(
    `network ${node.network} is no devnet of this machine (that one is ${stack.network}): GAS there is not ours to give`,
  );
}

async function fund(settings: Settings, address: Address, amount: Datoshi): Promise<void> {
  const { rpc, network } = await openDevnet(settings);
  const treasury = await openTreasury(settings.folder);
  const held = await readGasBalance(rpc, treasury.address);
  if (held < amount) throw new Refusal(`the devnet's purse holds ${money(held)}, ${money(amount)} is asked for`);
  const payment = { to: address, amount };
  const { txHash, height } = await transferGas({ rpc, network, signer: treasury }, [payment]);
  const gas = await readGasBalance(rpc, address);
  print(settings.json, { txHash, height, address, amount, gas }, () =>
    fields({ given: money(amount), to: address, 'GAS held': money(gas), transaction: txHash, block: height }),
  );
}

async function devnetStatus(settings: Settings): Promise<void> {
  const { rpc, network } = await openDevnet(settings);
  const { address } = await openTreasury(settings.folder);
  const [height, gas] = await Promise.all([readHeight(rpc), readGasBalance(rpc, address)]);
  const { rpc: url, api, contract, processes } = settings.stack ?? {};
  print(settings.json, { rpc: url, network, height, contract, api, treasury: { address, gas }, processes }, () =>
    fields({ node: url, network, block: height, contract, api, purse: `${address}, ${formatGas(gas)} GAS` }),
  );
}
