// Once node and Postgres are there, at each start: funded accounts, the contract, schema and roles. What is done already
// is found, and left.
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEnv } from 'node:util';
import { deployContract, readArtifact } from '../../chain/deploy.ts';
import { NodeUnavailable } from '../../chain/errors.ts';
import { readGasBalance, transferGas } from '../../chain/gas.ts';
import { createRpc, type Rpc, readVersion } from '../../chain/rpc.ts';
import { migrate } from '../../database/migrate.ts';
import { loadConfig } from '../../process/config.ts';
import { describe } from '../../process/describe.ts';
import { settings } from '../../process/settings.ts';
import { waitFor } from '../../process/wait.ts';
import { contractHashOf } from '../../protocol/contract/transaction.ts';
import { type Key, keyOf } from '../../protocol/sign/key.ts';
import { datoshi, datoshiPerGas } from '../../protocol/types/datoshi.ts';
import { multisigScript } from '../../protocol/types/verification-script.ts';
import { openWallet, provideWallet } from '../../stack/wallets.ts';
import { devnetFile, networkFile, volumes, walletIn, writeFor } from './files.ts';

/** What a fresh devnet gives its accounts: a deployment takes some 10 GAS, a run of the demo some 130. */
const funds = { owner: 10_000n, operator: 10_000n, purse: 1_000_000n };
/** Who has less gets the same again. */
const ENOUGH = 1_000n;
/** The node writes its blocks to disk once a second: a kill before that would take the deployment back. */
const NODE_FLUSH_MS = 1_500;

const say = (line: string) => console.log(line);

try {
  const { databaseUrl, rpcUrl } = loadConfig(
    { databaseUrl: settings.databaseUrl, rpcUrl: settings.rpcUrl },
    process.env,
  );
  const network = Number(readFileSync(networkFile, 'utf8'));
  const rpc = createRpc(rpcUrl, { network });
  const isNodeAway = (error: unknown) => error instanceof NodeUnavailable;
  await waitFor({ warn: say }, 'the node', isNodeAway, () => readVersion(rpc));
  await Promise.all([setUpChain(rpc, network), migrate(databaseUrl, say)]);
  say('the devnet is set up');
} catch (error) {
  console.error(`set-up: ${describe(error)}`);
  process.exit(1);
}

async function setUpChain(rpc: Rpc, network: number): Promise<void> {
  const [owner, operator, purse] = await Promise.all([
    provideWallet(walletIn(volumes.keys, 'owner'), 'owner'),
    provideWallet(walletIn(volumes.operator, 'operator'), 'operator'),
    provideWallet(walletIn(volumes.keys, 'purse'), 'purse'),
  ]);
  await fund(rpc, network, { owner, operator, purse });
  const noted = readNoted();
  const expected = contractHashOf(owner.address, await readArtifact());
  // A second contract beside the first would leave the money in that one behind.
  if (noted.KRYPTON_CONTRACT && noted.KRYPTON_CONTRACT !== expected)
    throw new Error(
      `the contract of these images is another one than the devnet's ${noted.KRYPTON_CONTRACT}: ` +
        'docker compose down --volumes ends it, and the next up begins a new one',
    );
  const { contract, height } = await deployContract({ rpc, network, signer: owner });
  if (height !== null) await sleep(NODE_FLUSH_MS);
  // Unknown where the note was lost: the indexer then begins at block 0, slower and not wrong.
  const deployedAt = height ?? noted.KRYPTON_DEPLOYED_AT ?? 0;
  const lines = [
    `KRYPTON_NETWORK=${network}`,
    `KRYPTON_CONTRACT=${contract}`,
    `KRYPTON_DEPLOYED_AT=${deployedAt}`,
    `KRYPTON_OPERATOR=${operator.address}`,
  ];
  writeFor(devnetFile, `${lines.join('\n')}\n`);
  say(`contract ${contract}, deployed in block ${deployedAt}; operator ${operator.address}`);
}

/** The account of the validator alone holds all GAS of a fresh devnet. */
async function fund(rpc: Rpc, network: number, accounts: Record<keyof typeof funds, Key>): Promise<void> {
  const names = Object.keys(funds) as (keyof typeof funds)[];
  const balances = await Promise.all(names.map((name) => readGasBalance(rpc, accounts[name].address)));
  const poor = names.filter((_, i) => (balances[i] ?? 0n) < ENOUGH * datoshiPerGas);
  if (poor.length === 0) return;
  const validator = await openWallet(walletIn(volumes.validator, 'wallet'));
  const treasury = keyOf(validator.privateKey, multisigScript(validator.publicKey));
  const payments = poor.map((name) => ({ to: accounts[name].address, amount: datoshi(funds[name] * datoshiPerGas) }));
  await transferGas({ rpc, network, signer: treasury }, payments);
  say(`funded: ${poor.join(', ')}`);
}

function readNoted(): NodeJS.Dict<string> {
  return existsSync(devnetFile) ? parseEnv(readFileSync(devnetFile, 'utf8')) : {};
}
