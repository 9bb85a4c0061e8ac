import { startTamperedNode } from './fake-node.ts';

/** The URL of a node that has stopped at a height, as one that has lost its peers: all else it answers as the real one does. */
export async function startFrozenNode(real: string, height: number): Promise<string> {
  const tamper = ({ method }: { method: string }) => (method === 'getblockcount' ? { result: height + 1 } : null);
  return (await startTamperedNode(real, tamper)).url;
}
