import type { Command } from 'commander';
import { readHeight } from '../../chain/blocks.ts';
import { readGasBalance, transferGas } from '../../chain/gas.ts';
import type { Address } from '../../protocol/types/address.ts';
import { type Datoshi, formatGas } from '../../protocol/types/datoshi.ts';
import { publicUrl } from '../../protocol/types/url.ts';
import { toAddress, toGas } from '../arguments.ts';
import type { Settings } from '../config.ts';
import { fields, money, print } from '../print.ts';
import { act, examples } from '../program.ts';
import { openDevnet } from '../purse.ts';
import { Refusal } from '../refusal.ts';

/** A chain with play money: the one that npm start runs, or that of the settings. */
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

async function fund(settings: Settings, address: Address, amount: Datoshi): Promise<void> {
  const { rpc, network, openPurse } = await openDevnet(settings);
  const treasury = await openPurse();
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
  const { rpc, network, openPurse } = await openDevnet(settings);
  const { address } = await openPurse();
  const [height, gas] = await Promise.all([readHeight(rpc), readGasBalance(rpc, address)]);
  const { api, contract, stack } = settings;
  const url = (settings.rpc ?? []).map(publicUrl).join(', ');
  const processes = stack?.processes ?? {};
  print(settings.json, { rpc: url, network, height, contract, api, treasury: { address, gas }, processes }, () =>
    fields({ node: url, network, block: height, contract, api, purse: `${address}, ${formatGas(gas)} GAS` }),
  );
}
