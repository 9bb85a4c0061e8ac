import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createNodeHeight } from '../api/node-height.ts';
import { readHeight } from '../chain/blocks.ts';
import { GasLimitReached } from '../chain/errors.ts';
import { invokeScript } from '../chain/invoke.ts';
import { createRpc } from '../chain/rpc.ts';
import { confirm } from '../settler/confirm.ts';
import { rateCdrs } from '../settler/intake.ts';
import { settle } from '../settler/settle.ts';
import { answer, urlOf } from './api-world.ts';
import { type FakeNode, startTamperedNode, type Tamper, type Told, type Wire } from './harness/fake-node.ts';
import { startFrozenNode } from './harness/frozen-node.ts';
import { krypton } from './harness/krypton.ts';
import { type Service, startService } from './harness/services.ts';
import { settlerDeps } from './harness/settler.ts';
import { cdrRow, createWorld, eventually, openEscrow, readStates, type World } from './harness/world.ts';

/** Services, API and commands with nodes that fail, lag or are none of ours, each in front of the real one. */
let world: World;
let real: string;
let started: Service[] = [];

beforeAll(async () => {
  world = await createWorld();
  real = world.env.KRYPTON_RPC_URL as string;
  const indexer = await startService('indexer', world.env); // so that there is an index
  await eventually(() => world.db.selectFrom('cursor').select('height').executeTakeFirst(), 'there is an index');
  await grows(world.deployedAt);
  await indexer.stop();
});
afterAll(() => world.destroy());

const cursor = () => world.db.selectFrom('cursor').select(['height', 'hash']).executeTakeFirstOrThrow();
const grows = async (from: number): Promise<void> => {
  await eventually(async () => (await cursor()).height > from, 'the index goes on');
};

/** A service that uses these nodes, for as long as the work takes. */
async function withService(
  name: 'indexer' | 'api',
  nodes: readonly string[],
  work: (service: Service) => Promise<void>,
): Promise<string> {
  const env = { ...world.env, KRYPTON_RPC_URL: nodes.join(','), KRYPTON_API_PORT: '0' };
  const service = await startService(name, env);
  started.push(service);
  try {
    await work(service);
  } finally {
    await Promise.all(started.map((one) => one.kill()));
    started = [];
  }
  return service.log();
}

const tampered = (tamper: Tamper, wire?: Wire) => startTamperedNode(real, tamper, wire);
const otherNetwork: Tamper = ({ method }, answered) => {
  if (method !== 'getversion' || !('result' in answered)) return answered;
  const { result } = answered as { result: { protocol: object } };
  return { result: { ...result, protocol: { ...result.protocol, network: 7 } } };
};
/** A chain that has had other blocks from a height on, and is longer than ours. */
const otherChain =
  (from: number): Tamper =>
  ({ method, params }, answered) => {
    if (method === 'getblockcount') return { result: 1_000_000 };
    if (Number(params[0]) < from) return answered;
    const blockOf = (index: number) => `0x${(0xd000_0000 + index).toString(16).repeat(8)}`;
    const index = Number(params[0]);
    if (method === 'getblockhash') return { result: blockOf(index) };
    if (method === 'getblocknotifications') return { result: {} };
    if (method !== 'getblockheader') return answered;
    return { result: { index, hash: blockOf(index), previousblockhash: blockOf(index - 1), time: Date.now() } };
  };
const error = (code: number): Told => ({ error: { code, message: 'no' } });
const except = (kept: string[], told: Told): Tamper => {
  return ({ method }, answered) => (kept.includes(method) ? answered : told);
};

describe('the indexer goes on at once with a healthy node behind', () => {
  const faults: [string, Tamper, Wire?][] = [
    ['one that has used up its requests', except(['getversion', 'getblockcount'], error(-32005))],
    ['one without a method that is needed', except(['getversion', 'getblockcount', 'getblockhash'], error(-32601))],
    ['one that answers with null', except(['getversion', 'getblockcount'], { result: null })],
    [
      'one that takes no batches',
      (_, answered) => answered,
      (asked) => (Array.isArray(asked) ? { body: JSON.stringify({ id: null, ...error(-32600) }) } : null),
    ],
    [
      'one whose log of a block is broken',
      ({ method }, answered) =>
        method === 'getblocknotifications' ? error(-32601) : method === 'getapplicationlog' ? error(-100) : answered,
    ],
  ];
  test.each(faults)('%s', async (_name, tamper, wire) => {
    const faulty = await tampered(tamper, wire);
    const { height } = await cursor();
    const log = await withService('indexer', [faulty.url, real], async () => {
      await world.deposit(world.user, 3n);
      await grows(Math.max(height, await readHeight(world.rpc)) - 1);
    });
    expect(faulty.asked.length).toBeGreaterThan(0);
    expect(log).not.toContain('"waiting');
  });

  test('one that stands still at the end of the index', async () => {
    const { height } = await cursor();
    const log = await withService('indexer', [await startFrozenNode(real, height), real], () => grows(height));
    expect(log).toContain('blocks behind');
  });
});

describe('a wrong node in the list', () => {
  test('is left out, and ends nothing when the right one is down for a while', async () => {
    let down = false;
    const wire: Wire = () => (down ? { status: 503, body: '' } : null);
    const right = await tampered((_, answered) => answered, wire);
    const { height } = await cursor();
    const wrong = [await tampered(otherNetwork), await tampered(otherChain(0))];
    const nodes = [right, ...wrong].map(({ url }) => url);
    const log = await withService('indexer', nodes, async (service) => {
      await grows(height);
      down = true;
      await eventually(async () => (service.log().match(/left out/g)?.length ?? 0) >= 2, 'both are left out');
      const stopped = await cursor();
      down = false;
      await grows(stopped.height);
    });
    for (const { url } of wrong) expect(log).toMatch(new RegExp(`"node":"${url}","msg":"this node is left out`));
    expect(log).not.toContain('going back');
  });

  test('does not roll the index back while another node still has its blocks', async () => {
    const { height, hash } = await cursor();
    const fork = await tampered(otherChain(height));
    const log = await withService('indexer', [fork.url, real], () => grows(height));
    expect(log).not.toContain('going back');
    expect(log).toContain('left out');
    const kept = world.db.selectFrom('blocks').select('hash').where('height', '=', height);
    expect(await kept.executeTakeFirst()).toEqual({ hash });
  });

  test('ends the services where there is no other, and they say so', async () => {
    const nodes = [await tampered(otherChain(0)), await tampered(otherNetwork)].map(({ url }) => url);
    const env = { ...world.env, KRYPTON_RPC_URL: nodes.join(',') };
    const ended = await startService('indexer', env).catch((refusal: Error) => refusal);
    const said = ended instanceof Error ? ended.message : await ended.ended.then(() => ended.log());
    expect(said).toContain('every NEO node that answers is a wrong one');
    expect(said).toContain('of network 7');
    expect(said).toContain('npm run reset');
  });
});

describe('the height that the API tells', () => {
  const told = async (...nodes: string[]) => {
    const known = await cursor();
    return { told: await createNodeHeight(nodes, { network: world.network })(known), known: known.height };
  };

  test('is the highest that a node of our chain tells', async () => {
    const behind = await startFrozenNode(real, 3);
    const [other, foreign] = [await tampered(otherChain(0)), await tampered(otherNetwork)];
    const high = await told('http://127.0.0.1:9', behind, other.url, foreign.url, real);
    expect(high.told).toBeGreaterThanOrEqual(high.known);
    expect(high.told).toBeLessThan(1_000_000);
    expect((await told(foreign.url)).told).toBeNull();
    expect((await told(foreign.url, other.url)).told).toBeNull();
  });

  test('gives no lag where the node is behind the index', async () => {
    const { height } = await cursor();
    await withService('api', [await startFrozenNode(real, height - 5)], async (service) => {
      const url = await urlOf(service);
      const status = await answer(await fetch(`${url}/v1/status`));
      expect(status.body).toMatchObject({ nodeHeight: height - 5, indexHeight: height, lag: null });
      const ready = await answer(await fetch(`${url}/readyz`));
      expect(ready).toMatchObject({
        status: 200,
        body: { checks: { index: expect.stringContaining('behind the index') } },
      });
    });
  });
});

describe('the command', () => {
  const show = (nodes: readonly string[]) => {
    const where = ['--rpc', nodes.join(','), '--contract', world.contract, '--network', String(world.network)];
    return krypton([...where, '--json', 'contract', 'show']);
  };

  test('asks the next node where one fails, and names one that is wrong', async () => {
    const limited = await tampered(except(['getversion', 'getblockcount'], error(-32005)));
    const wrong = await tampered(otherNetwork);
    const shown = await show([limited.url, wrong.url, real]);
    expect(JSON.parse(shown.stdout)).toMatchObject({ contract: world.contract, network: world.network });
    expect(shown.stderr).toContain(`left out: the node at ${wrong.url} is of network 7`);
  });

  test('is not told by a node that lags', async () => {
    const lagging = await startTamperedNode(real, ({ method }, answered) => {
      if (method === 'getcontractstate') return error(-102); // as before the contract was deployed
      return method === 'getblockcount' ? { result: 3 } : answered;
    });
    expect((await show([lagging.url, real])).status).toBe(0);
  });

  test('and the services say no secret of a URL', async () => {
    const secretly = (url: string) => url.replace('http://', 'http://alice:s3cret@').concat('/k3ypath?key=k3yquery');
    const node = await tampered((_, answered) => answered);
    const { height } = await cursor();
    const log = await withService('indexer', [secretly('http://127.0.0.1:9'), secretly(node.url)], () => grows(height));
    const shown = await show([secretly(node.url)]);
    expect(shown.status).toBe(0);
    const status = await krypton(['--json', '--rpc', secretly(node.url), 'status']);
    const refused = await show([secretly('http://127.0.0.1:9')]);
    const mistyped = await show(['htp://alice:s3cret@node.example/k3ypath']);
    const said = [log, status, shown, refused, mistyped].map((one) => JSON.stringify(one)).join('\n');
    expect(said).not.toMatch(/alice|s3cret|k3ypath|k3yquery/);
    expect(said).toContain(node.url);
    expect(node.headers.every(({ authorization }) => authorization?.startsWith('Basic '))).toBe(true);
  });
});

describe('GAS for dry runs', () => {
  const syscall = async (name: string) => {
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(name));
    return [0x41, ...new Uint8Array(digest).subarray(0, 4)];
  };
  /** PUSHINT64, then System.Runtime.BurnGas. */
  const burning = async (amount: bigint) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigInt64(0, amount, true);
    return Uint8Array.of(0x03, ...bytes, ...(await syscall('System.Runtime.BurnGas')));
  };

  test('the real node`s own limit is told from a refusal', async () => {
    expect(await invokeScript(world.rpc, await burning(10n ** 8n))).toMatchObject({ state: 'HALT' });
    await expect(invokeScript(world.rpc, await burning(10n ** 13n))).rejects.toThrow(GasLimitReached);
    expect(await invokeScript(world.rpc, Uint8Array.of(0x38))).toMatchObject({ state: 'FAULT' }); // ABORT
  });

  /** A node that gives so much, in front of the real one. */
  const giving = async (limit: bigint): Promise<FakeNode> => {
    const probe = Buffer.from(await syscall('System.Runtime.GasLeft')).toString('base64');
    return tampered(({ method, params }, answered) => {
      if (method !== 'invokescript' || !('result' in answered)) return answered;
      const result = answered.result as { gasconsumed: string };
      const used = BigInt(result.gasconsumed);
      if (params[0] === probe) return { result: { ...result, stack: [{ type: 'Integer', value: `${limit - used}` }] } };
      if (used <= limit) return answered;
      return { result: { ...result, state: 'FAULT', exception: 'cut off', gasconsumed: `${limit + 1n}` } };
    });
  };
  const depsWith = (...nodes: string[]) => settlerDeps(world, { rpc: createRpc(nodes) });
  const rated = async (count: number): Promise<bigint[]> => {
    const ids: bigint[] = [];
    for (let i = 0; i < count; i += 1) {
      const row = cdrRow(world, await openEscrow(world, 1_000_000n));
      ids.push((await world.db.insertInto('cdrs').values(row).returning('id').executeTakeFirstOrThrow()).id);
    }
    await eventually(async () => {
      await rateCdrs(depsWith(real), ids);
      return (await readStates(world.db)).every(({ state }) => state !== null);
    }, 'all are rated');
    return ids;
  };

  test('what one node cuts off is claimed through the next, and what all cut off in smaller batches', async () => {
    await withService('indexer', [real], async () => {
      const settled = (ids: bigint[]) =>
        eventually(async () => {
          await confirm(depsWith(real));
          const states = await readStates(world.db);
          return ids.every((id) => states.find((cdr) => cdr.id === id)?.state === 'settled');
        }, 'all are settled');
      const first = await rated(2);
      expect(await settle(depsWith((await giving(1_000n)).url, real))).toHaveLength(1);
      await settled(first);

      const second = await rated(3);
      const { gasConsumed } = await claimCost();
      const narrow = (await giving((gasConsumed * 3n) / 2n)).url;
      expect((await settle(depsWith(narrow, narrow))).length).toBeGreaterThan(1);
      await settled(second);

      await rated(1);
      await expect(settle(depsWith((await giving(1_000n)).url))).rejects.toThrow('MaxGasInvoke');
      const waiting = (await readStates(world.db)).at(-1);
      expect(waiting).toMatchObject({ state: 'rated', reasonCode: null }); // nobody is blamed
    });
  }, 60_000);

  /** What the last claim alone cost. */
  async function claimCost(): Promise<{ gasConsumed: bigint }> {
    const { systemFee } = await world.db
      .selectFrom('transactions')
      .select('systemFee')
      .orderBy('sealedAt', 'desc')
      .executeTakeFirstOrThrow();
    return { gasConsumed: systemFee / 2n };
  }
});
