import { readFile } from 'node:fs/promises';
import { openWalletFile } from '../chain/wallet-file.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import { openTreasury } from '../stack/accounts.ts';
import { networkNumber, type Settings } from './config.ts';
import { type Node, openNode } from './connect.ts';
import { Refusal } from './refusal.ts';

/** A devnet, and who gives away its play money. */
export type Devnet = Node & { openPurse: () => Promise<Signer> };

const publicNetworks = ['mainnet', 'testnet'].map((name) => Number(networkNumber(name)));

/** @throws Refusal where the node is of a network whose money is not ours to give */
export async function openDevnet(settings: Settings): Promise<Devnet> {
  const { purse, stack, folder } = settings;
  if (!purse && !stack)
    throw new Refusal(
      `no devnet runs on this machine (there is no ${folder.endpoints}): npm start starts one, or KRYPTON_PURSE names ` +
        'the wallet that pays on another',
    );
  const node = await openNode(settings);
  if (publicNetworks.includes(node.network))
    throw new Refusal(`network ${node.network} is no devnet: GAS there is real money, and would be lost`);
  if (purse) return { ...node, openPurse: () => openGivenPurse(purse) };
  if (node.network === stack?.network) return { ...node, openPurse: () => openTreasury(folder) };
  throw new Refusal(
    `network ${node.network} is no devnet of this machine (that one is ${stack?.network}): GAS there is not ours to give`,
  );
}

async function openGivenPurse({ path, passwordFile }: NonNullable<Settings['purse']>): Promise<Signer> {
  if (passwordFile === undefined)
    throw new Refusal('KRYPTON_PURSE_PASSWORD_FILE: expected the file that holds the password of KRYPTON_PURSE');
  const password = await readFile(passwordFile, 'utf8').catch((cause) => {
    throw new Refusal(`can't read the password file ${passwordFile}`, { cause });
  });
  return openWalletFile(path, password.trim());
}
