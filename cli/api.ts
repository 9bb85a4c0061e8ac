import { readHeight } from '../chain/blocks.ts';
import { createRpc } from '../chain/rpc.ts';
import { type Client, createClient } from '../protocol/api/client.ts';
import { ApiMismatch, ApiProblem, ApiUnreachable } from '../protocol/api/failure.ts';
import { getStatus, type Status } from '../protocol/api/status.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import { publicUrl } from '../protocol/types/url.ts';
import type { Settings } from './config.ts';
import { Refusal } from './refusal.ts';

/**
 * The API of the contract and network that the settings name. Its answers hold at least what the node's chain holds
 * now, so that a person who just sent a transaction reads its effect. What it refuses is a Refusal.
 */
export async function openApi(settings: Settings, signer?: Signer): Promise<Client> {
  const url = apiUrl(settings);
  const status = await readApiStatus(url);
  checkApi(url, status, settings);
  return inWords(createClient({ url, signer, minHeight: await nodeHeight(settings, status.network) }));
}

export function apiUrl({ api }: Settings): string {
  if (api) return api;
  throw new Refusal('no API is known: run npm start, or give --api <url> (or KRYPTON_API_URL)');
}

/** @throws Refusal where it is of another network or contract than the settings name */
export function checkApi(url: string, status: Status, { network, contract }: Settings): void {
  const shown = publicUrl(url);
  if (network !== undefined && status.network !== network)
    throw new Refusal(`the API at ${shown} is of network ${status.network}, the configured network is ${network}`);
  if (contract !== undefined && status.contract !== contract)
    throw new Refusal(`the API at ${shown} is of contract ${status.contract}, the configured one is ${contract}`);
}

export const readApiStatus = (url: string): Promise<Status> => inWords(createClient({ url })).call(getStatus);

/** The newest block of the nodes that are of that network. Without any, the API answers with what it has. */
async function nodeHeight({ rpc }: Settings, network: number): Promise<number | undefined> {
  if (!rpc) return undefined;
  const heights = await createRpc(rpc, { network }).everyone(readHeight);
  return heights.length === 0 ? undefined : Math.max(...heights.map(({ value }) => value));
}

/** The same client, whose failures are sentences for a person. */
function inWords(client: Client): Client {
  return {
    url: client.url,
    as: (signer, delegation) => inWords(client.as(signer, delegation)),
    call: (operation, ...given) => client.call(operation, ...given).catch(refuse),
    items: async function* (operation, ...given) {
      try {
        yield* client.items(operation, ...given);
      } catch (error) {
        refuse(error);
      }
    },
    follow: async function* (operation, given) {
      try {
        yield* client.follow(operation, given);
      } catch (error) {
        refuse(error);
      }
    },
  };
}

/** The detail of a problem names each thing that is wrong. */
function refuse(cause: unknown): never {
  if (cause instanceof ApiProblem)
    throw new Refusal(`the API refuses (${cause.status} ${cause.code}): ${cause.detail}`, { cause });
  if (cause instanceof ApiUnreachable)
    throw new Refusal(`${cause.message}; is it running? npm start runs one, --api <url> names another`, { cause });
  if (cause instanceof ApiMismatch) throw new Refusal(cause.message, { cause });
  throw cause;
}
