import { rpc } from '@cityofzion/neon-js';

/**
 * What most programs do: ask for the height, then for each block, then for the log of each of its transactions, one
 * after the other.
 */
export async function readNaively(url: string, contract: string, from: number, blocks: number): Promise<number> {
  const client = new rpc.RPCClient(url);
  let notifications = 0;
  const begin = performance.now();
  for (let index = from; index < from + blocks; index += 1) {
    if ((await client.getBlockCount()) <= index) throw new Error(`the node has no block ${index}`);
    const block = await client.getBlock(index, true);
    for (const { hash } of block.tx as { hash: string }[]) {
      const log = await client.getApplicationLog(hash);
      for (const { notifications: emitted } of log.executions)
        notifications += emitted.filter((one) => one.contract === contract).length;
    }
  }
  const seconds = (performance.now() - begin) / 1000;
  if (notifications === 0) throw new Error('the naive loop found nothing');
  return seconds;
}
