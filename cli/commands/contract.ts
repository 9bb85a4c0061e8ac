import type { Command } from 'commander';
import { isDeployed } from '../../chain/contract.ts';
import { deployContract, readArtifact } from '../../chain/deploy.ts';
import { readGasBalance } from '../../chain/gas.ts';
import { contractHashOf } from '../../protocol/contract/transaction.ts';
import type { Settings } from '../config.ts';
import { openChain, openNodeSigning } from '../connect.ts';
import { fields, money, print } from '../print.ts';
import { act, examples } from '../program.ts';
import { Refusal } from '../refusal.ts';

/** The contract itself: putting it on a chain, and what stands there. */
export function addContract(program: Command): void {
  const contract = program.command('contract').description('the KRYPTON contract on its chain');
  for (const [parent, name] of [
    [contract, 'contract deploy'],
    [program, 'deploy'],
  ] as const) {
    parent
      .command('deploy')
      .description('put the contract on the chain, the wallet being its owner; where it stands already, only says so')
      .addHelpText('after', examples(`${name} --rpc http://127.0.0.1:10332 --network testnet --wallet owner.json`))
      .action(act(deploy));
  }
  contract
    .command('show')
    .description('hash, version, owner and GAS of the contract')
    .addHelpText('after', examples('contract show', 'contract show --rpc https://… --contract 0x…'))
    .action(act(show));
}

async function deploy(settings: Settings): Promise<void> {
  const { rpc, network, signer } = await openNodeSigning(settings);
  const hash = contractHashOf(signer.address, await readArtifact());
  const held = await readGasBalance(rpc, signer.address);
  if (held === 0n && !(await isDeployed(rpc, hash)))
    throw new Refusal(`${signer.address} holds no GAS: a deployment costs some 10 GAS in fees`);
  const { contract, height } = await deployContract({ rpc, network, signer });
  print(settings.json, { contract, network, owner: signer.address, deployed: height !== null, height }, () =>
    fields({
      contract,
      network,
      owner: signer.address,
      deployed: height === null ? 'it stood there already' : `in block ${height}`,
    }),
  );
}

async function show(settings: Settings): Promise<void> {
  const { rpc, contract, network, reader } = await openChain(settings);
  if (!(await isDeployed(rpc, contract)))
    throw new Refusal(`there is no contract ${contract} on network ${network}: check --contract`);
  const [version, owner, held] = await Promise.all([reader.version(), reader.owner(), readGasBalance(rpc, contract)]);
  print(settings.json, { contract, network, version: versionText(version), owner, gas: held }, () =>
    fields({
      contract,
      network,
      version: versionText(version),
      owner: owner ?? 'nobody: nobody can update it',
      'GAS in it': money(held),
    }),
  );
}

/** The contract counts it in one number: major*1e6 + minor*1e3 + patch. */
export function versionText(version: number): string {
  return [Math.floor(version / 1_000_000), Math.floor(version / 1_000) % 1_000, version % 1_000].join('.');
}
