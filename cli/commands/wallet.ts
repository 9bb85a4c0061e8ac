import type { Command } from 'commander';
import { readGasBalance } from '../../chain/gas.ts';
import { createWalletFile, readAccount, writeWalletFile } from '../../chain/wallet-file.ts';
import { keyOf, privateKeyOfWif } from '../../protocol/sign/key.ts';
import type { Signer } from '../../protocol/sign/signer.ts';
import type { Address } from '../../protocol/types/address.ts';
import { readSecret } from '../ask.ts';
import type { Settings } from '../config.ts';
import { openChain, openNode, readPassword } from '../connect.ts';
import { fields, money, print } from '../print.ts';
import { act, examples } from '../program.ts';
import { Refusal } from '../refusal.ts';

/** NEP-6 wallet files: one account, its key encrypted. */
export function addWallet(program: Command): void {
  const wallet = program.command('wallet').description('make and look at NEP-6 wallet files');
  wallet
    .command('create')
    .description('make a wallet with a new key; never overwrites a file')
    .argument('<file>', 'where to write it')
    .addHelpText('after', examples('wallet create me.json', 'wallet create me.json --password-file me.password'))
    .action(act(create));
  wallet
    .command('import')
    .description('make a wallet of a key in WIF, which is asked for or read from standard input')
    .argument('<file>', 'where to write it')
    .addHelpText(
      'after',
      examples('wallet import me.json', 'wallet import me.json --password-file me.password < key.wif'),
    )
    .action(act(importKey));
  wallet
    .command('show')
    .description('address and public key, and the balances where a node is reachable; needs no password')
    .argument('<file>', 'the wallet')
    .addHelpText('after', examples('wallet show me.json'))
    .action(act(show));
}

async function create(settings: Settings, file: string): Promise<void> {
  const password = await newPassword(settings);
  printAccount(settings, file, await createWalletFile(file, password, 'krypton'));
}

async function importKey(settings: Settings, file: string): Promise<void> {
  const account = keyOf(privateKeyOfWif(await readSecret('private key in WIF')));
  await writeWalletFile(file, await newPassword(settings), account, 'krypton');
  printAccount(settings, file, account);
}

/** At the terminal it is asked for twice: a mistyped password of a new wallet loses its key. */
async function newPassword(settings: Settings): Promise<string> {
  const password = await readPassword(settings, 'password for the new wallet');
  if (password === '') throw new Refusal('the password is empty: expected at least one character');
  const typed = settings.password === undefined && settings.passwordFile === undefined;
  if (typed && password !== (await readPassword(settings, 'the same again')))
    throw new Refusal('the two passwords differ; no wallet was made');
  return password;
}

function printAccount(settings: Settings, file: string, { address, publicKey }: Signer): void {
  print(settings.json, { file, address, publicKey }, () => fields({ wallet: file, address, 'public key': publicKey }));
}

async function show(settings: Settings, file: string): Promise<void> {
  const { address, publicKey } = await readAccount(file);
  const { gas, balance } = await balances(settings, address);
  print(settings.json, { file, address, publicKey, gas, balance }, () =>
    fields({
      wallet: file,
      address,
      'public key': publicKey,
      'GAS held': gas === null ? 'unknown: no node is reachable' : money(gas),
      'free in contract': balance === null ? undefined : money(balance),
    }),
  );
}

/** A wallet is its owner's also where nothing runs. */
async function balances(settings: Settings, address: Address): Promise<{ gas: bigint | null; balance: bigint | null }> {
  const gas = await openNode(settings)
    .then(({ rpc }) => readGasBalance(rpc, address))
    .catch(() => null);
  const balance =
    gas === null
      ? null
      : await openChain(settings)
          .then(({ reader }) => reader.balanceOf(address))
          .catch(() => null);
  return { gas, balance };
}
