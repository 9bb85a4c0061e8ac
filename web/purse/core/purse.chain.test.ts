import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readGasBalance } from '../../../chain/gas.ts';
import { messageOfContent } from '../../../protocol/contract/transaction.ts';
import { createKey, type Key } from '../../../protocol/sign/key.ts';
import { datoshi, datoshiPerGas } from '../../../protocol/types/datoshi.ts';
import type { ScriptHash } from '../../../protocol/types/hash.ts';
import { createFundedAccount } from '../../../test/harness/accounts.ts';
import { startFakeNode, startTamperedNode, usually } from '../../../test/harness/fake-node.ts';
import { deadUrl } from '../../../test/harness/krypton.ts';
import { type OwnNode, startOwnNode } from '../../../test/harness/own-node.ts';
import { createWorld, type World } from '../../../test/harness/world.ts';
import type { Action, EscrowTerms } from './action.ts';
import { type Chain, openChain } from './chain.ts';
import { readHoldings } from './holdings.ts';
import type { Entry, Journal } from './journal.ts';
import { type Prepared, prepare } from './prepare.ts';
import type { Refusal } from './refusal.ts';
import { journalOf, memoryStore } from './store.ts';
import { followEntry, type SubmitDeps, submit } from './submit.ts';
import { takeBackOf } from './take-back.ts';

/** After version, nonce and fees. */
const VALID_UNTIL_AT = 1 + 4 + 8 + 8;
const gas = (amount: number) => datoshi(BigInt(amount) * datoshiPerGas);
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

let node: OwnNode;
let world: World;
let chain: Chain;
let user: Key;
let journal: Journal;

beforeAll(async () => {
  node = await startOwnNode();
  world = await createWorld(node);
  chain = openChain({ nodes: [node.rpc], network: world.network, contract: world.contract });
}, 120_000);
afterAll(async () => {
  await world?.destroy();
  await node?.stop();
});
beforeEach(async () => {
  user = await createFundedAccount(gas(20), node);
  journal = journalOf(memoryStore());
});

const depsOf = (of: Chain = chain, trouble: (error: Error) => void = () => {}): SubmitDeps => ({
  chain: of,
  journal,
  report: (_, error) => error && trouble(error),
  sleep: () => sleep(100),
});

async function prepared(action: Action, of: Chain = chain): Promise<Prepared> {
  const made = await prepare(of, user, action);
  if (made.kind === 'refused') throw new Error(JSON.stringify(made, (_, v) => (typeof v === 'bigint' ? `${v}` : v)));
  return made;
}

async function send(made: Prepared, deps: SubmitDeps = depsOf()): Promise<Entry | Refusal> {
  const signature = await user.sign(messageOfContent(made.content, chain.network));
  return submit(deps, user, made, { signature, automatic: false });
}

/** Does it, and answers what stands in the journal at its end. */
async function act(action: Action): Promise<Entry> {
  const sent = await send(await prepared(action));
  if (!('hash' in sent)) throw new Error(sent.code);
  const ended = await followEntry(depsOf(), sent);
  expect(await journal.all()).toContainEqual(ended);
  return ended;
}

const holdings = () => readHoldings(chain, user.address);
const terms = (): EscrowTerms => ({
  provider: world.provider.address,
  amount: gas(2),
  ratePerSecond: datoshi(1_000n),
  feePerCall: datoshi(0n),
  increment: 60,
  maxParallel: 2,
  durationMs: 3_600_000,
  claimWindowMs: 600_000,
  voucherKey: createKey().publicKey,
  deposit: datoshi(0n),
});
const register = () => act({ kind: 'register', provider: world.provider.address, uuid: randomUUID() });

async function openEscrow(given: Partial<EscrowTerms> = {}): Promise<bigint> {
  await register();
  const { state } = await act({ kind: 'openEscrow', ...terms(), deposit: gas(2), ...given });
  const opened = state.kind === 'done' ? state.events.find((event) => event.name === 'EscrowOpened') : undefined;
  if (!opened) throw new Error(`no escrow was opened: ${state.kind}`);
  return opened.id;
}

describe('each action', () => {
  test('deposit, withdraw and send move what they say', async () => {
    expect((await act({ kind: 'deposit', amount: gas(5) })).state).toMatchObject({
      kind: 'done',
      events: [{ name: 'Deposited', account: user.address, amount: gas(5) }],
    });
    expect(await holdings()).toMatchObject({ balance: gas(5), reserved: 0n, escrows: [], registrations: [] });
    const before = (await holdings()).own;
    const made = await prepared({ kind: 'withdraw', amount: gas(3) });
    await followEntry(depsOf(), (await send(made)) as Entry);
    const { own, balance } = await holdings();
    expect(balance).toBe(gas(2));
    expect(own).toBe(before + gas(3) - made.statement.systemFee - made.statement.networkFee);
    const friend = createKey().address;
    await act({ kind: 'send', to: friend, amount: gas(1) });
    expect(await readGasBalance(chain.rpc, friend)).toBe(gas(1));
  });

  test('register and unregister', async () => {
    expect((await register()).state).toMatchObject({ kind: 'done', events: [{ name: 'UserRegistered' }] });
    expect((await holdings()).registrations).toMatchObject([{ provider: world.provider.address }]);
    await act({ kind: 'unregister', provider: world.provider.address });
    expect((await holdings()).registrations).toEqual([]);
  });

  test('an escrow is opened with money from the account, extended, closed, and taken back', async () => {
    const given = terms();
    const id = await openEscrow({ voucherKey: given.voucherKey });
    const opened = await holdings();
    expect(opened).toMatchObject({ balance: 0n, reserved: gas(2), escrows: [{ id, voucherKey: given.voucherKey }] });
    await act({ kind: 'deposit', amount: gas(1) });
    await act({ kind: 'extend', id, amount: gas(1), durationMs: 60_000 });
    const [extended] = (await holdings()).escrows;
    if (!extended) throw new Error('there is no escrow');
    expect(extended.amount).toBe(gas(3));
    expect(extended.endsAt.getTime()).toBe((opened.escrows[0]?.endsAt.getTime() ?? 0) + 60_000);
    expect(takeBackOf(extended, (await holdings()).time)).toEqual({ kind: 'close', windowMs: 600_000 });

    await act({ kind: 'close', id });
    const closing = await holdings();
    expect(takeBackOf(closing.escrows[0] as typeof extended, closing.time)).toMatchObject({ kind: 'wait' });
    expect(await prepare(chain, user, { kind: 'refund', id })).toMatchObject({ code: 'fault', fault: 'not expired' });
    await node.moveTime(601_000);
    const over = await holdings();
    expect(takeBackOf(over.escrows[0] as typeof extended, over.time)).toEqual({ kind: 'refund' });
    await act({ kind: 'refund', id });
    expect(await holdings()).toMatchObject({ balance: gas(3), reserved: 0n, escrows: [] });
  });
});

describe('nothing is signed', () => {
  test('with too little GAS, and both amounts are told', async () => {
    const { own } = await holdings();
    expect(await prepare(chain, user, { kind: 'send', to: createKey().address, amount: gas(21) })).toEqual({
      kind: 'refused',
      code: 'tooLittleGas',
      needed: gas(21),
      own,
    });
    // enough for the amount, too little for the fees
    const all = await prepare(chain, user, { kind: 'deposit', amount: own });
    expect(all).toMatchObject({ code: 'tooLittleGas', own });
    expect((all as { needed: bigint }).needed).toBeGreaterThan(own);
    const poor = createKey();
    expect(
      await prepare(chain, poor, { kind: 'register', provider: world.provider.address, uuid: randomUUID() }),
    ).toMatchObject({ code: 'tooLittleGas', own: 0n });
  });

  test('where the contract refuses, and its word is told', async () => {
    const tried = (action: Action) => prepare(chain, user, action);
    expect(await tried({ kind: 'withdraw', amount: gas(1) })).toMatchObject({ code: 'fault', fault: 'balance' });
    expect(await tried({ kind: 'openEscrow', ...terms() })).toMatchObject({ fault: 'not registered' });
    expect(await tried({ kind: 'close', id: 999_999n })).toMatchObject({ fault: 'no escrow' });
    expect(await tried({ kind: 'unregister', provider: world.provider.address })).toMatchObject({
      fault: 'not registered',
    });
    expect(await tried({ kind: 'register', provider: createKey().address, uuid: randomUUID() })).toMatchObject({
      fault: 'not deployed',
    });
  });

  test('where the node is away, of another network, or without the contract', async () => {
    const at = (nodes: string[], other: Partial<Chain> = {}) =>
      openChain({ nodes, network: other.network ?? chain.network, contract: other.contract ?? chain.contract });
    const deposit = { kind: 'deposit', amount: gas(1) } as const;
    expect(await prepare(at([deadUrl]), user, deposit)).toMatchObject({ code: 'nodeAway' });
    expect(await prepare(at([node.rpc], { network: 1 }), user, deposit)).toMatchObject({ code: 'wrongNetwork' });
    const nowhere = `0x${'0d'.repeat(20)}` as ScriptHash;
    expect(await prepare(at([node.rpc], { contract: nowhere }), user, deposit)).toMatchObject({
      code: 'wrongContract',
    });
    const foreign = await startFakeNode(usually());
    const several = at([deadUrl, foreign.url, node.rpc]);
    expect(await prepare(several, user, deposit)).toMatchObject({ kind: 'prepared' });
    expect(await readHoldings(several, user.address)).toMatchObject({ own: gas(20) });
  });

  test('where the signature is not of this account for these bytes', async () => {
    const made = await prepared({ kind: 'deposit', amount: gas(1) });
    const signature = await createKey().sign(messageOfContent(made.content, chain.network));
    expect(await submit(depsOf(), user, made, { signature, automatic: false })).toMatchObject({
      code: 'wrongSignature',
    });
    expect(await journal.all()).toEqual([]);
  });
});

describe('a transaction is sent once', () => {
  /** How often the real node was handed a transaction. */
  async function counted(lost: 'question' | 'answer' | 'nothing') {
    const sent: string[] = [];
    const between = await startTamperedNode(
      node.rpc,
      ({ method }, answered) =>
        method === 'sendrawtransaction' && lost === 'answer' ? { error: { code: -32603, message: 'lost' } } : answered,
      (asked) => {
        const sends = [asked].flat().filter(({ method }) => method === 'sendrawtransaction');
        sent.push(...sends.map(({ params }) => String(params[0])));
        return sends.length > 0 && lost === 'question' ? { status: 502, body: '' } : null;
      },
    );
    return { sent, chain: openChain({ nodes: [between.url], network: chain.network, contract: chain.contract }) };
  }

  test('and found by its hash, where the answer of the node was lost', async () => {
    const between = await counted('answer');
    const entry = (await send(await prepared({ kind: 'deposit', amount: gas(1) }), depsOf(between.chain))) as Entry;
    expect(entry.state).toEqual({ kind: 'sent' });
    expect((await followEntry(depsOf(between.chain), entry)).state).toMatchObject({ kind: 'done' });
    expect(between.sent).toHaveLength(1);
    expect((await holdings()).balance).toBe(gas(1));
  });

  test('after a reload it is looked up and not sent again', async () => {
    const between = await counted('nothing');
    await send(await prepared({ kind: 'deposit', amount: gas(1) }), depsOf(between.chain));
    const [kept] = await journal.all();
    if (!kept) throw new Error('nothing was written down');
    expect((await followEntry(depsOf(between.chain), kept)).state).toMatchObject({ kind: 'done' });
    expect(between.sent).toHaveLength(1);
    expect((await holdings()).balance).toBe(gas(1));
  });

  test('it is written down before it is sent', async () => {
    const steps: string[] = [];
    const between = await counted('nothing');
    const slow: Journal = {
      all: journal.all,
      put: async (entry) => {
        steps.push(`${entry.state.kind}, ${between.sent.length} sent`);
        await journal.put(entry);
      },
    };
    await send(await prepared({ kind: 'deposit', amount: gas(1) }), { ...depsOf(between.chain), journal: slow });
    expect(steps).toEqual(['sending, 0 sent', 'sent, 1 sent']);
  });

  test('what no node took is told as expired once the chain is past it, and nothing has happened', async () => {
    const between = await counted('question');
    const made = await prepared({ kind: 'deposit', amount: gas(1) });
    const entry = (await send(made, depsOf(between.chain))) as Entry;
    expect(entry.state).toEqual({ kind: 'sent' });
    const now = await chain.rpc.call('getblockcount');
    const early = { ...entry, validUntilBlock: (now - 3) as Entry['validUntilBlock'] };
    expect((await followEntry(depsOf(), early)).state).toEqual({ kind: 'expired' });
    expect((await holdings()).balance).toBe(0n);
  });

  test('what a block holds and the chain refuses is told as failed', async () => {
    const made = await prepared({ kind: 'deposit', amount: gas(15) });
    const other = await prepared({ kind: 'send', to: createKey().address, amount: gas(15) });
    await followEntry(depsOf(), (await send(made)) as Entry);
    // the node takes it: the fees are there, and the amount is the contract's concern
    expect((await followEntry(depsOf(), (await send(other)) as Entry)).state).toMatchObject({ kind: 'failed' });
  });

  test('a refusal of the only node that was asked is told', async () => {
    const other = await prepared({ kind: 'send', to: createKey().address, amount: gas(1) });
    const { own } = await holdings();
    const { statement } = await prepared({ kind: 'deposit', amount: gas(19) });
    const rest = statement.systemFee + statement.networkFee + 5_000n;
    await act({ kind: 'deposit', amount: datoshi(own - rest) });
    const { state } = (await send(other)) as Entry;
    expect(state).toMatchObject({ kind: 'refused', refusal: { code: 'tooLittleForFees' } });
  });

  test('that the person thought about for too long is refused as expired', async () => {
    const made = await prepared({ kind: 'deposit', amount: gas(1) });
    const late = made.content.slice();
    new DataView(late.buffer).setUint32(VALID_UNTIL_AT, (await chain.rpc.call('getblockcount')) - 2, true);
    const { state } = (await send({ ...made, content: late })) as Entry;
    expect(state).toMatchObject({ kind: 'refused', refusal: { code: 'expired' } });
    expect((await holdings()).balance).toBe(0n);
  });

  test('while the node is away it is waited for, and that is said', async () => {
    let silent = true;
    const between = await startTamperedNode(
      node.rpc,
      (_, answered) => answered,
      () => (silent ? { status: 503, body: '' } : null),
    );
    const away = openChain({ nodes: [between.url], network: chain.network, contract: chain.contract });
    const entry = (await send(await prepared({ kind: 'deposit', amount: gas(1) }))) as Entry;
    const troubles: string[] = [];
    const followed = followEntry(
      depsOf(away, (error) => {
        troubles.push(error.name);
        if (troubles.length === 3) silent = false;
      }),
      entry,
    );
    expect((await followed).state).toMatchObject({ kind: 'done' });
    expect(troubles.slice(0, 3)).toEqual(['NodeUnavailable', 'NodeUnavailable', 'NodeUnavailable']);
  });
});
