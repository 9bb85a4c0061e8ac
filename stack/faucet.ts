import { transferGas } from '../chain/gas.ts';
import { createRpc } from '../chain/rpc.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import type { Address } from '../protocol/types/address.ts';
import { datoshi, datoshiPerGas } from '../protocol/types/datoshi.ts';
import { openTreasury } from './accounts.ts';
import type { Folder } from './folder.ts';

/** What a newcomer on a devnet is given: hours of calls. */
const gift = datoshi(100n * datoshiPerGas);

/** Gives GAS of the devnet's treasury, to one account after the other. */
export function createFaucet(folder: Folder, where: () => { rpc: string; network: number }) {
  let treasury: Promise<Signer> | undefined; // opening its file takes 0.6 s
  let last: Promise<unknown> = Promise.resolve();
  const give = async (to: Address) => {
    treasury ??= openTreasury(folder);
    const { rpc, network } = where();
    const sender = { rpc: createRpc([rpc]), network, signer: await treasury };
    const { txHash } = await transferGas(sender, [{ to, amount: gift }]);
    return { txHash, amount: String(gift) };
  };
  return (to: Address) => {
    const given = last.then(() => give(to));
    last = given.catch(() => undefined); // whoever asked is told; the next one is not kept from it
    return given;
  };
}
