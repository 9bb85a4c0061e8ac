import { scriptUrl } from '../ui/trusted.ts';
import { type Nep2Request, nep2Cost } from './nep2.ts';
import workerFile from './nep2-worker.ts?worker&url';

/** Half a second to three seconds, by intent: whoever tries passwords pays it for each. */
export const encrypt = (privateKey: Uint8Array, password: string) => ask<string>({ privateKey, password });

/** Null: the password is wrong. */
export const decrypt = (encrypted: string, password: string, cost = nep2Cost) =>
  ask<Uint8Array | null>({ encrypted, password, cost });

/** A worker of its own for each question: what it knew is gone with it. */
async function ask<Answer>(request: Nep2Request): Promise<Answer> {
  const worker = new Worker(scriptUrl(workerFile), { type: 'module' });
  try {
    return await new Promise<Answer>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<Answer>) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(`the key could not be worked on: ${message}`));
      worker.postMessage(request);
    });
  } finally {
    worker.terminate();
  }
}
