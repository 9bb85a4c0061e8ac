import { startTamperedNode } from './fake-node.ts';

/**
 * The URL of a node that has stopped at a height, as one that has lost its peers: all else it answers as the real one
 * does.
 */
export async function startFrozenNode(real: string, height: number): Promise<string> {
  const node = await startTamperedNode(real, ({ method }, answered) =>
    method === 'getblockcount' ? { result: height + 1 } : answered,
  );
  return node.url;
}
