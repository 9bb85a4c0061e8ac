import type { Command } from 'commander';
import { gasTransfer, readGasBalance } from '../../chain/gas.ts';
import { type Receipt, send } from '../../chain/send.ts';
import { contractCall } from '../../protocol/contract/call.ts';
import type { Address } from '../../protocol/types/address.ts';
import type { Datoshi } from '../../protocol/types/datoshi.ts';
import { toAddress, toGas } from '../arguments.ts';
import type { Settings } from '../config.ts';
import { type Chain, openChain, openSigning } from '../connect.ts';
import { fields, money, print } from '../print.ts';
import { act, examples } from '../program.ts';
import { eventOf } from '../receipt.ts';
import { Refusal } from '../refusal.ts';

/** GAS that goes into the contract, stands there and comes out again. */
export function addBalance(program: Command): void {
  program
    .command('balance')
    .description('what an account has: GAS of its own, and its free balance in the contract')
    .argument('<address>', 'NEO N3 address', toAddress)
    .addHelpText('after', examples('balance NcTk5o4W4fCFMnhPLMHbEBWcJ5bGBPWbnq'))
    .action(act(showBalance));
  program
    .command('deposit')
    .description('pay GAS into the contract, to your own balance or to that of another account')
    .argument('<GAS>', 'amount, at most 8 decimals', toGas)
    .option('--for <address>', 'whose balance grows; your own, if left out', toAddress)
    .addHelpText('after', examples('deposit 10 --wallet me.json', 'deposit 2.5 --for NcTk5o… --wallet me.json'))
    .action(act(deposit));
  program
    .command('withdraw')
    .description('take free balance out of the contract, to your own account; possible at any time')
    .argument('<GAS>', 'amount, at most 8 decimals', toGas)
    .addHelpText('after', examples('withdraw 2.5 --wallet me.json'))
    .action(act(withdraw));
}

async function showBalance(settings: Settings, address: Address): Promise<void> {
  const { rpc, reader } = await openChain(settings);
  const [gas, balance] = await Promise.all([readGasBalance(rpc, address), reader.balanceOf(address)]);
  print(settings.json, { address, gas, balance }, () =>
    fields({ address, 'GAS held': money(gas), 'free in contract': money(balance) }),
  );
}

async function deposit(settings: Settings, amount: Datoshi, options: { for?: Address }): Promise<void> {
  const chain = await openSigning(settings);
  const { rpc, signer, contract } = chain;
  const held = await readGasBalance(rpc, signer.address);
  if (held < amount)
    throw new Refusal(`${signer.address} holds ${money(held)}; ${money(amount)} and the fees are needed`);
  const data = options.for === undefined ? null : { hash160: options.for };
  const receipt = await send(chain, [gasTransfer(signer.address, contract, amount, data)], { mustReturnTrue: true });
  await printMoved(settings, chain, receipt, 'deposited', eventOf(receipt, 'Deposited'));
}

async function withdraw(settings: Settings, amount: Datoshi): Promise<void> {
  const chain = await openSigning(settings);
  const { signer, contract } = chain;
  await requireBalance(chain, signer.address, amount);
  const receipt = await send(chain, [contractCall(contract, 'withdraw', { account: signer.address, amount })]);
  await printMoved(settings, chain, receipt, 'withdrawn', eventOf(receipt, 'Withdrawn'));
}

async function printMoved(
  settings: Settings,
  { reader }: Chain,
  { txHash, height }: Receipt,
  what: string,
  { account, amount }: { account: Address; amount: bigint },
): Promise<void> {
  const balance = await reader.balanceOf(account);
  print(settings.json, { txHash, height, account, amount, balance }, () =>
    fields({
      [what]: money(amount),
      account,
      'free in contract': money(balance),
      transaction: txHash,
      block: height,
    }),
  );
}

/** Says how much there is and how much is asked for, which the contract's refusal can't. */
export async function requireBalance({ reader }: Chain, account: Address, amount: Datoshi): Promise<void> {
  const balance = await reader.balanceOf(account);
  if (balance >= amount) return;
  throw new Refusal(
    `the free balance of ${account} in the contract is ${money(balance)}, ${money(amount)} is needed: krypton deposit <GAS> adds to it`,
  );
}
