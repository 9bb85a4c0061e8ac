import { readFile } from 'node:fs/promises';
import { readContractName } from '../chain/contract.ts';
import { readArtifact } from '../chain/deploy.ts';
import type { PoolEvent } from '../chain/pool.ts';
import { createReader, type Reader } from '../chain/read.ts';
import { createRpc, type Rpc, readVersion } from '../chain/rpc.ts';
import { openWalletFile } from '../chain/wallet-file.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import type { ScriptHash } from '../protocol/types/hash.ts';
import { askSecret } from './ask.ts';
import type { Settings } from './config.ts';
import { Refusal } from './refusal.ts';

export type Node = { rpc: Rpc; network: number };
export type Chain = Node & { contract: ScriptHash; reader: Reader };
export type Signing<T extends Node = Chain> = T & { signer: Signer };

/** @throws Refusal, NodeUnavailable, WrongNetwork */
export async function openNode(settings: Settings): Promise<Node> {
  if (!settings.rpc) throw new Refusal(`no NEO node is known: run npm start, or give --rpc <url> (or KRYPTON_RPC_URL)`);
  // Without --network, the first one that answers says of which network all the others have to be.
  const network = settings.network ?? (await readVersion(createRpc(settings.rpc))).network;
  const wrong: string[] = [];
  const report = ({ kind, error }: PoolEvent) => kind === 'wrong' && wrong.push(error.message);
  const rpc = createRpc(settings.rpc, { network, report });
  await rpc.lookAround(); // a person asks once, and should not be told what a lagging node believes
  await readVersion(rpc);
  for (const message of wrong) process.stderr.write(`krypton: left out: ${message}\n`);
  return { rpc, network };
}

/** The contract on its chain, to read from. */
export async function openChain(settings: Settings): Promise<Chain> {
  const { rpc, contract } = settings;
  if (!rpc && !contract)
    throw new Refusal('no chain is known: run npm start, or give --rpc <url> and --contract <hash>');
  if (!contract) throw new Refusal('no contract is known: give --contract <hash> (or KRYPTON_CONTRACT)');
  const node = await openNode(settings);
  return { ...node, contract, reader: createReader(node.rpc, contract) };
}

/** The chain, and the person's account to sign with: the wallet is opened after the network was found right. */
export async function openSigning(settings: Settings): Promise<Signing> {
  requireSignable(settings);
  const chain = await openChain(settings);
  await requireContract(chain);
  return { ...chain, signer: await openWallet(settings) };
}

/** The same without a contract, for its deployment. */
export async function openNodeSigning(settings: Settings): Promise<Signing<Node>> {
  requireSignable(settings);
  const node = await openNode(settings);
  return { ...node, signer: await openWallet(settings) };
}

/** GAS that is sent to a mistyped hash is lost for ever: no wallet has a key for it. */
async function requireContract({ rpc, contract, network }: Chain): Promise<void> {
  const [found, { name }] = await Promise.all([readContractName(rpc, contract), readArtifact()]);
  if (found === null) throw new Refusal(`there is no contract ${contract} on network ${network}: check --contract`);
  if (found !== name) throw new Refusal(`${contract} is the contract ${found}, not ${name}: check --contract`);
}

/**
 * A node says itself of which network it is; whoever signs says it too, so that play money and real money are not mixed
 * up.
 */
function requireSignable(settings: Settings): void {
  walletPath(settings);
  if (settings.rpc && settings.network === undefined)
    throw new Refusal('for which network shall be signed? give --network mainnet, testnet or the magic number');
}

export function walletPath(settings: Settings): string {
  if (settings.wallet) return settings.wallet;
  throw new Refusal('whose wallet signs? give --wallet <file> (or KRYPTON_WALLET); krypton wallet create makes one');
}

export async function openWallet(settings: Settings): Promise<Signer> {
  const path = walletPath(settings);
  return openWalletFile(path, await readPassword(settings, `password of ${path}`));
}

/** Of the file, the environment, or the person at the terminal. */
export async function readPassword(settings: Settings, question: string): Promise<string> {
  const { password, passwordFile } = settings;
  if (password !== undefined) return password;
  if (passwordFile === undefined)
    return askSecret(question, 'give --password-file <file> (or KRYPTON_WALLET_PASSWORD)');
  try {
    return (await readFile(passwordFile, 'utf8')).replace(/\r?\n$/, '');
  } catch (error) {
    throw new Refusal(`can't read the password file ${passwordFile}`, { cause: error });
  }
}
