import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import type { Method } from '../../chain/answers.ts';

export type Asked = { id: number; method: string; params: unknown[] };
export type Told = { result: unknown } | { error: { code: number; message: string; data?: unknown } };
/** What is said to one call. */
export type Tell = (asked: Asked) => Told | Promise<Told>;
/** What goes over the wire in place of an orderly answer, for faults below JSON-RPC; null: nothing unusual. */
export type Wire = (asked: Asked | Asked[]) => { status?: number; body: string } | 'silence' | null;

export type FakeNode = {
  url: string;
  /** Each call in its order, also those of batches. */
  asked: Asked[];
  /** Of each request, and of each attempt at a WebSocket. */
  headers: IncomingHttpHeaders[];
  stop(): void;
};

/** A JSON-RPC server that says whatever a test wants it to; it ends with its test. */
export async function startFakeNode(tell: Tell, wire: Wire = () => null): Promise<FakeNode> {
  const node: FakeNode = { url: '', asked: [], headers: [], stop: () => {} };
  const server = createServer(async (request, response) => {
    node.headers.push(request.headers);
    if (request.method !== 'POST') return void response.writeHead(404).end(); // it has no WebSocket
    const asked = JSON.parse(await text(request)) as Asked | Asked[];
    node.asked.push(...[asked].flat());
    const unusual = wire(asked);
    if (unusual === 'silence') return;
    if (unusual) return void response.writeHead(unusual.status ?? 200).end(unusual.body);
    const answer = async (one: Asked) => ({ jsonrpc: '2.0', id: one.id, ...(await tell(one)) });
    const told = Array.isArray(asked) ? await Promise.all(asked.map(answer)) : await answer(asked);
    response.setHeader('content-type', 'application/json').end(JSON.stringify(told));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  node.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  node.stop = () => {
    server.closeAllConnections();
    server.close();
  };
  onTestFinished(node.stop);
  return node;
}

/** What becomes of the real node's answer. */
export type Tamper = (asked: Asked, answered: Told) => Told;

/** A node in front of the real one, which may say something else than that one. */
export function startTamperedNode(real: string, tamper: Tamper, wire?: Wire): Promise<FakeNode> {
  return startFakeNode(async (asked) => {
    const body = JSON.stringify({ ...asked, jsonrpc: '2.0' });
    const answer = await fetch(real, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const { result, error } = (await answer.json()) as { result: unknown; error?: never };
    return tamper(asked, error ? { error } : { result });
  }, wire);
}

const hash = (digits: string) => `0x${digits.repeat(32)}`;
const header = { index: 7, hash: hash('a7'), previousblockhash: hash('a6'), time: 1_700_000_000_000 };
const emitted = { contract: `0x${'cc'.repeat(20)}`, eventname: 'Deposited', state: { type: 'Array', value: [] } };
const burnt = { timestamp: 1, assethash: `0x${'aa'.repeat(20)}`, amount: '5', blockindex: 7, txhash: hash('b1') };
const effects = { exception: null, gasconsumed: '2028330', stack: [], notifications: [emitted] };

/** What a node of a small network usually says; a test holds it against the real one. */
export const ordinary: Record<Method, unknown> = {
  getversion: {
    useragent: '/NEO-GO:0.122.0/',
    protocol: { network: 42, msperblock: 1_000, maxvaliduntilblockincrement: 5_760, validatorscount: 4 },
  },
  getblockcount: 8,
  getblockhash: header.hash,
  getblockheader: header,
  getblock: { ...header, tx: [{ hash: hash('b1') }] },
  getblocknotifications: { application: [{ ...emitted, container: hash('b1') }] },
  getapplicationlog: { executions: [{ trigger: 'Application', vmstate: 'HALT', ...effects }] },
  gettransactionheight: 7,
  invokescript: { state: 'HALT', ...effects },
  traverseiterator: [{ type: 'Integer', value: '1' }],
  calculatenetworkfee: { networkfee: '122852' },
  sendrawtransaction: { hash: hash('b1') },
  getcontractstate: { id: 1, hash: emitted.contract, manifest: { name: 'KRYPTON' } },
  getstateroot: { index: 7, roothash: hash('5e') },
  findstates: { results: [{ key: 'YQ==', value: 'Yg==' }], truncated: false },
  getproof: 'YQ==',
  getnep17transfers: { sent: [burnt], received: [{ ...burnt, transferaddress: 'NbUgTSFvPmsRxmGeWpuuGeJUoRoi6PErcM' }] },
  findstorage: { results: [{ key: 'YQ==', value: 'Yg==' }], next: 1, truncated: false },
};

/** A node that says what is usual, but for these methods. */
export const usually =
  (unusual: Partial<Record<Method, Told>> = {}): Tell =>
  ({ method }) =>
    unusual[method as Method] ?? { result: ordinary[method as Method] };
