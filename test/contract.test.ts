import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gasTransfer, readGasBalance } from '../chain/gas.ts';
import { readOutcome } from '../chain/outcome.ts';
import { send as sendCalls } from '../chain/send.ts';
import { broadcast, signScript } from '../chain/transaction.ts';
import { abiOf } from '../contract/generate-abi.ts';
import { type ArgumentsOf, contractCall, type MethodName } from '../protocol/contract/call.ts';
import { type Claim, claimCode, MAX_CLAIMS_PER_CALL } from '../protocol/contract/claim.ts';
import { decodeEvent } from '../protocol/contract/event.ts';
import { type Argument, type ContractCall, scriptOf } from '../protocol/contract/transaction.ts';
import { createKey } from '../protocol/sign/key.ts';
import type { Signer } from '../protocol/sign/signer.ts';
import { signVoucher } from '../protocol/sign/voucher.ts';
import { hash160Bytes } from '../protocol/types/address.ts';
import { base64OfBytes } from '../protocol/types/bytes.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import type { ScriptHash } from '../protocol/types/hash.ts';
import { scriptHashOfBytes } from '../protocol/types/hash.ts';
import { repository } from '../stack/folder.ts';
import { createFundedAccount } from './harness/accounts.ts';
import { createWorld, eventually, openEscrow, terms, type World } from './harness/world.ts';

/**
 * What neotest can't show, as it signs with scope Global on a chain of its own: a real node, and scopes as wallets send
 * them.
 */
let world: World;
let stranger: Signer;

beforeAll(async () => {
  world = await createWorld();
  stranger = await createFundedAccount();
});
afterAll(() => world.destroy());

const call = <N extends MethodName>(name: N, args: ArgumentsOf<N>) => contractCall(world.contract, name, args);
const claimOf = (escrowId: bigint, seq: bigint, given: Partial<Claim> = {}): Claim => {
  return {
    escrowId,
    seq,
    amount: datoshi(100n),
    seconds: 1n,
    calls: 1n,
    cdrRoot: Buffer.alloc(32),
    voucher: null,
    close: false,
    ...given,
  };
};

async function codesOf(signer: Signer, claims: Claim[]): Promise<(string | number)[]> {
  const { events } = await world.send(signer, 'settle', { claims });
  return events.map((event) => (event.name === 'ClaimRejected' ? Number(event.code) : event.name));
}

/** What the node says of a script that somebody signs with this scope. */
async function tried(
  calls: readonly ContractCall[],
  signer: Signer,
  scopes: 'None' | 'CalledByEntry' | 'Global',
): Promise<string> {
  const account = scriptHashOfBytes(hash160Bytes(signer.address));
  const script = base64OfBytes(scriptOf(calls));
  const { state, exception } = await world.rpc.call('invokescript', [script, [{ account, scopes }]]);
  return exception ?? state;
}

describe('signed as wallets sign', () => {
  test('the narrowest usual scope is enough for a whole life of a provider and a user', async () => {
    const [provider, user] = [await createFundedAccount(), await createFundedAccount()];
    const own = { provider: provider.address };
    await world.send(provider, 'deploy', { ...own, location: 'sip.example.com' });
    await world.send(provider, 'relocate', { ...own, location: 'sip2.example.com' });
    await world.send(provider, 'setTariff', {
      ...own,
      uri: 'https://example.com/deck.json',
      hash: Buffer.alloc(32, 1),
    });
    await world.send(provider, 'setOperator', { ...own, operator: world.operator.address });
    await world.send(user, 'register', { user: user.address, ...own, uuid: '6ba7b810-9dad-41d1-80b4-00c04fd430c8' });
    await world.deposit(user, 1_000_000n);
    const opened = await world.send(user, 'openEscrow', {
      user: user.address,
      ...own,
      amount: datoshi(500_000n),
      ...terms,
      voucherKey: null,
    });
    const id = opened.events.find((event) => event.name === 'EscrowOpened')?.id as bigint;
    await world.send(user, 'extendEscrow', { id, amount: datoshi(1n), durationMs: 60_000n });
    expect(await codesOf(world.operator, [claimOf(id, 0n)])).toEqual(['EscrowSettled']);
    await world.send(user, 'closeEscrow', { id });
    await world.send(provider, 'closeEscrow', { id });
    await world.send(provider, 'withdraw', { account: provider.address, amount: datoshi(100n) });
    await world.send(user, 'withdraw', { account: user.address, amount: datoshi(999_900n) });
    await world.send(user, 'unregister', { user: user.address, ...own });
    await world.send(provider, 'undeploy', own);
    expect(await world.reader.balanceOf(user.address)).toBe(0n);
  });

  test('with scope None, or by somebody else, nothing of it is', async () => {
    const id = await openEscrow(world, 1_000_000n);
    const [user, provider] = [world.user.address, world.provider.address];
    const calls = [
      call('withdraw', { account: user, amount: datoshi(1n) }),
      call('register', { user, provider, uuid: '6ba7b810-9dad-41d1-80b4-00c04fd430c8' }),
      call('unregister', { user }),
      call('extendEscrow', { id, amount: datoshi(0n), durationMs: 1n }),
      call('closeEscrow', { id }),
      call('relocate', { provider, location: 'evil' }),
      call('setOperator', { provider, operator: stranger.address }),
      call('undeploy', { provider }),
      call('scheduleUpdate', { nefHash: Buffer.alloc(32), manifestHash: Buffer.alloc(32) }),
      call('renounceOwnership', {}),
    ];
    for (const attempt of calls) {
      expect(await tried([attempt], world.user, 'None'), attempt.method).toContain('"witness"');
      expect(await tried([attempt], stranger, 'Global'), attempt.method).toContain('"witness"');
    }
  });
});

test('an announced update can be read, and is taken back when ownership is renounced', async () => {
  const [nefHash, manifestHash] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  expect(await world.reader.owner()).toBe(world.owner.address);
  await world.send(world.owner, 'scheduleUpdate', { nefHash, manifestHash });
  const announced = { nefHash: `0x${'01'.repeat(32)}`, manifestHash: `0x${'02'.repeat(32)}` };
  expect(await world.reader.scheduledUpdate()).toMatchObject(announced);
  const { events } = await world.send(world.owner, 'renounceOwnership', {});
  expect(events.map(({ name }) => name)).toEqual(['UpdateCancelled', 'OwnershipTransferred']);
  expect([await world.reader.scheduledUpdate(), await world.reader.owner()]).toEqual([null, null]);
  expect(await tried([call('scheduleUpdate', { nefHash, manifestHash })], world.owner, 'Global')).toContain(
    '"witness"',
  );
});

describe('attacks', () => {
  test('replayed claim, and a claim for another provider', async () => {
    const id = await openEscrow(world, 1_000_000n);
    expect(await codesOf(world.operator, [claimOf(id, 0n), claimOf(id, 0n)])).toEqual([
      'EscrowSettled',
      claimCode.staleSequence,
    ]);
    expect(await codesOf(stranger, [claimOf(id, 1n)])).toEqual([claimCode.notAuthorised]);
    expect((await world.reader.escrow(id))?.spent).toBe(100n);
  });

  test('voucher of another escrow, another network, another key, or for less', async () => {
    const key = createKey();
    const voucherKey = Buffer.from(key.publicKey, 'hex');
    const [id, other] = [
      await openEscrow(world, 1_000_000n, { voucherKey }),
      await openEscrow(world, 1_000_000n, { voucherKey }),
    ];
    const scope = { network: world.network, contract: world.contract, escrowId: id };
    const total = datoshi(100n);
    const bad = [
      await signVoucher(key, { ...scope, escrowId: other }, total),
      await signVoucher(key, { ...scope, network: world.network ^ 1 }, total),
      await signVoucher(createKey(), scope, total),
      await signVoucher(key, scope, datoshi(99n)),
      null,
    ];
    expect(
      await codesOf(
        world.operator,
        bad.map((voucher) => claimOf(id, 0n, { voucher })),
      ),
    ).toEqual(bad.map(() => claimCode.badVoucher));
    expect(await codesOf(world.operator, [claimOf(id, 0n, { voucher: await signVoucher(key, scope, total) })])).toEqual(
      ['EscrowSettled'],
    );
  });

  test('a payment that was never made', async () => {
    const args: Argument[] = [{ hash160: stranger.address }, 1_000_000n, null];
    const pretended = { contract: world.contract, method: 'onNEP17Payment', args };
    expect(await tried([pretended], stranger, 'Global')).toContain('"only GAS"');
  });

  test('a contract that the user calls for another reason uses their signature only where its scope is Global', async () => {
    const puppet = await deployPuppet();
    await world.deposit(world.user, 10n);
    const inner: Argument[] = [{ hash160: world.user.address }, 1n];
    const forward = {
      contract: puppet,
      method: 'forward',
      args: [{ hash160: world.contract }, 'withdraw', inner] as Argument[],
    };
    expect(await tried([forward], world.user, 'CalledByEntry')).toContain('"witness"');
    expect(await tried([forward], world.user, 'Global')).toBe('HALT');
  });

  test('re-entering while being paid takes no more than the balance', async () => {
    const puppet = await deployPuppet();
    const { rpc, network, contract } = world;
    const sender = { rpc, network, signer: stranger };
    const payment = gasTransfer(stranger.address, contract, datoshi(100n), { hash160: puppet });
    await sendCalls(sender, [payment], { mustReturnTrue: true });
    const held = await readGasBalance(rpc, contract);
    const withdrawal: Argument[] = [{ hash160: contract }, 'withdraw', [{ hash160: puppet }, 60n]];
    const attack = [
      { contract: puppet, method: 'arm', args: withdrawal },
      { contract: puppet, method: 'forward', args: withdrawal },
    ];
    await expect(sendCalls(sender, attack)).rejects.toThrow('balance');
    expect([await world.reader.balanceOf(puppet as never), await readGasBalance(rpc, contract)]).toEqual([100n, held]);
  });
});

describe.each([false, true])('512 claims in one transaction (vouchers: %s)', (vouchers) => {
  test('are all accepted', async () => {
    const key = createKey();
    const voucherKey = vouchers ? Buffer.from(key.publicKey, 'hex') : null;
    const ids = await openMany(512, voucherKey);
    const open = new Set(await world.reader.escrowsOf(world.user.address));
    expect(ids.every((id) => open.has(id))).toBe(true);
    const claims = await Promise.all(
      ids.map(async (id) => {
        const scope = { network: world.network, contract: world.contract, escrowId: id };
        return claimOf(id, 0n, { voucher: vouchers ? await signVoucher(key, scope, datoshi(100n)) : null });
      }),
    );
    const chunks = Array.from({ length: 4 }, (_, i) =>
      claims.slice(i * MAX_CLAIMS_PER_CALL, (i + 1) * MAX_CLAIMS_PER_CALL),
    );
    const script = scriptOf(chunks.map((chunk) => call('settle', { claims: chunk })));
    const { notifications } = await send(script, world.operator);
    expect(notifications.map(({ name }) => name)).toEqual(Array(512).fill('EscrowSettled'));
  }, 120_000);
});

/** Escrows of 1,000 datoshi, as many in a transaction as its script holds. */
async function openMany(count: number, voucherKey: Uint8Array | null): Promise<bigint[]> {
  await world.deposit(world.user, 1_000n * BigInt(count));
  const args = {
    user: world.user.address,
    provider: world.provider.address,
    amount: datoshi(1_000n),
    ...terms,
    voucherKey,
  };
  const ids: bigint[] = [];
  for (let left = count; left > 0; left -= 128) {
    const { notifications } = await send(
      scriptOf(Array.from({ length: Math.min(left, 128) }, () => call('openEscrow', args))),
      world.user,
    );
    ids.push(
      ...notifications
        .map(({ name, state }) => decodeEvent(name, state))
        .flatMap((event) => (event.name === 'EscrowOpened' ? [event.id] : [])),
    );
  }
  return ids;
}

async function send(script: Uint8Array, signer: Signer) {
  const { rpc, network } = world;
  const signed = await signScript(rpc, script, { network, signer, validForBlocks: 50 });
  await broadcast(rpc, signed.bytes);
  const outcome = await eventually(async () => {
    const found = await readOutcome(rpc, signed.hash, signed.validUntilBlock);
    return found.kind === 'executed' ? found : null;
  }, 'the transaction is executed');
  expect(outcome.execution.exception).toBeNull();
  return outcome.execution;
}

let puppets = 0;

/** Deploys the contract that the Go tests attack with. */
async function deployPuppet(): Promise<ScriptHash> {
  puppets += 1;
  const folder = await mkdtemp(join(tmpdir(), 'krypton-puppet-'));
  try {
    await writeFile(join(folder, 'config.yml'), `name: puppet${puppets}\npermissions:\n  - methods: '*'\n`);
    const [nef, manifest] = [join(folder, 'puppet.nef'), join(folder, 'manifest.json')];
    const args = [
      'contract',
      'compile',
      '-i',
      join(repository, 'contract', 'tests', 'testdata', 'puppet.go'),
      '-c',
      join(folder, 'config.yml'),
      '-o',
      nef,
      '-m',
      manifest,
    ];
    await promisify(execFile)(process.execPath, [join(repository, 'stack', 'run-neo-go.ts'), ...args], {
      cwd: repository,
    });
    const management = '0xfffdc93764dbaddd97c48f252a53ea4643faa3fd' as ScriptHash;
    const deploy = {
      contract: management,
      method: 'deploy',
      args: [await readFile(nef), await readFile(manifest, 'utf8'), null],
    };
    const { execution } = await sendCalls({ rpc: world.rpc, network: world.network, signer: stranger }, [deploy]);
    const [item] = execution.stack;
    const hash =
      item?.type === 'Array' && item.value[2]?.type === 'ByteString'
        ? Buffer.from(item.value[2].value, 'base64')
        : Buffer.alloc(0);
    return `0x${hash.reverse().toString('hex')}` as ScriptHash;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('the generated view is the one of the manifest', async () => {
  const read = (name: string) => readFile(join(repository, 'contract', name), 'utf8');
  expect(abiOf(JSON.parse(await read('manifest.json')))).toBe(await read('../protocol/contract/abi.ts'));
});
