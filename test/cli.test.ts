import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeWalletFile } from '../chain/wallet-file.ts';
import { createKey } from '../protocol/sign/key.ts';
import type { Endpoints } from '../stack/endpoints.ts';
import { openFolder, tools } from '../stack/folder.ts';
import { identify } from '../stack/process-id.ts';
import { deadUrl, type Options, refusal as refusalOf, krypton as run } from './harness/krypton.ts';
import { endOf, eventually, readEndpoints, startStack, type TestStack } from './harness/stack.ts';

const folder = join(tools, `test-cli-${process.pid}`);
const uuid = '9b2f1c7e-4d3a-4f6b-8a51-0c2d3e4f5a6b';
/** The key of 32 bytes 01: nobody sends anything to it. */
const knownKey = {
  wif: 'KwFfNUhSDaASSAwtG7ssQM1uVX8RgX5GHWnnLfhfiQDigjioWXHH',
  address: 'NUz6PKTAM7NbPJzkKJFNay3VckQtcDkgWo',
};

const here = ({ env, ...rest }: Options = {}): Options => ({
  cwd: folder,
  env: { KRYPTON_HOME: folder, KRYPTON_WALLET_PASSWORD: 'secret', ...env },
  ...rest,
});
const krypton = (args: readonly string[], options?: Options) => run(args, here(options));
const refusal = (args: readonly string[], options?: Options) => refusalOf(1, args, here(options));

/** All at once: none of them changes anything. */
async function refusals(...cases: [args: readonly string[], message: string][]): Promise<void> {
  const lines = await Promise.all(cases.map(([args]) => refusal(args)));
  for (const [i, [, message]] of cases.entries()) expect(lines[i]).toContain(message);
}

// biome-ignore lint/suspicious/noExplicitAny: the shape of each answer is what the tests look at
async function answer(...args: string[]): Promise<any> {
  const { status, stdout, stderr } = await krypton([...args, '--json']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

let stack: (TestStack & { endpoints: Endpoints }) | undefined;
const wallet = (name: string) => join(folder, `${name}.json`);
const by = (name: keyof typeof people) => ['--wallet', wallet(name)];
const people = { user: createKey(), provider: createKey(), stranger: createKey() };
const [user, provider, stranger] = [people.user.address, people.provider.address, people.stranger.address];

beforeAll(async () => {
  openFolder(folder);
  for (const [name, account] of Object.entries(people)) await writeWalletFile(wallet(name), 'secret', account, name);
  stack = await startStack(folder);
}, 120_000);

afterAll(async () => {
  stack?.supervisor.kill('SIGTERM');
  if (stack) await endOf(stack, 40_000);
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

test('refused before anything is signed', { timeout: 60_000 }, async () => {
  const [rpc, contract] = [stack?.endpoints.rpc ?? '', stack?.endpoints.contract ?? ''];
  const deposit = ['deposit', '1', ...by('user')];
  const gasToken = '0xd2a4cff31913016155e38e474a2c06d08be276cf';
  await refusals(
    [[...deposit, '--network', '7'], 'the configured network is 7; nothing was signed'],
    [['devnet', 'fund', user, '1', '--network', 'mainnet'], 'wrong network'],
    [['deposit', '1', '--wallet', 'none.json'], 'there is no wallet file none.json'],
    [[...deposit, '--password-file', 'none'], "can't read the password file none"],
    [[...deposit, '--contract', `0x${'1'.repeat(40)}`], 'there is no contract 0x1111'],
    [[...deposit, '--contract', gasToken], 'is the contract GasToken, not KRYPTON'],
  );
  const elsewhere = { env: { KRYPTON_HOME: '/nowhere' } };
  expect(await refusal([...deposit, '--rpc', rpc, '--contract', contract], elsewhere)).toContain('for which network');
  const wrong = { env: { KRYPTON_WALLET_PASSWORD: 'wrong' } };
  expect(await refusal(deposit, wrong)).toContain('the password does not open');
  const none = { env: { KRYPTON_WALLET_PASSWORD: '' } };
  expect(await refusal(deposit, none)).toContain('there is no terminal to ask');
});

/** In their order: each goes on with what the one before it has made. Some ten starts of the command each. */
describe('with a running stack', { timeout: 180_000 }, () => {
  const sealed = { txHash: expect.stringMatching(/^0x[0-9a-f]{64}$/), height: expect.any(Number) };
  const terms = ['--rate', '100', '--fee', '5', '--increment', '6', '--max-parallel', '3', '--duration', '2h'];

  test('wallet create, import and show', async () => {
    const made = await answer('wallet', 'create', 'new.json');
    expect(await answer('wallet', 'show', 'new.json')).toEqual({ ...made, gas: '0', balance: '0' });
    expect(await refusal(['wallet', 'create', 'new.json'])).toContain('never overwritten');
    const imported = await krypton(['wallet', 'import', 'imported.json', '--json'], { input: `${knownKey.wif}\n` });
    expect(JSON.parse(imported.stdout)).toMatchObject({ address: knownKey.address });
    expect(await refusal(['wallet', 'import', 'other.json'], { input: 'Kxyz' })).toContain('private key in WIF');
  });

  test('devnet fund and balance', async () => {
    for (const address of [user, provider])
      expect(await answer('devnet', 'fund', address, '50')).toMatchObject({ ...sealed, address, gas: '5000000000' });
    expect(await answer('balance', user)).toEqual({ address: user, gas: '5000000000', balance: '0' });
    expect((await krypton(['balance', user])).stdout).toContain('50 GAS (5000000000 datoshi)');
    expect(await answer('devnet', 'status')).toMatchObject({ network: stack?.endpoints.network });
    expect(await refusal(['devnet', 'fund', user, '60000000'])).toContain("the devnet's purse holds");
  });

  test('deploy: the contract', async () => {
    expect(await refusal(['deploy', ...by('stranger')])).toContain('holds no GAS');
    const made = await answer('contract', 'deploy', ...by('provider'));
    expect(made).toMatchObject({ deployed: true, owner: provider });
    expect(await answer('deploy', ...by('provider'))).toMatchObject({ contract: made.contract, deployed: false });
    expect(await answer('contract', 'show', '--contract', made.contract)).toMatchObject({ owner: provider, gas: '0' });
  });

  test('provider', async () => {
    expect(await refusal(['register', provider, uuid, ...by('user')])).toContain('("not deployed"): that provider');
    expect(await refusal(['provider', 'show', provider])).toContain('is no provider');
    const deployed = await answer('provider', 'deploy', 'sip.example.com', ...by('provider'));
    expect(deployed).toMatchObject({
      ...sealed,
      provider,
      deployed: true,
      location: 'sip.example.com',
      operator: null,
    });
    expect(await refusal(['provider', 'deploy', 'sip.example.com', ...by('provider')])).toContain('deployed already');
    await answer('provider', 'relocate', 'sip2.example.com', ...by('provider'));
    await answer('provider', 'set-operator', stack?.endpoints.operator ?? '', ...by('provider'));
    expect(await answer('provider', 'show', provider)).toMatchObject({ location: 'sip2.example.com' });
  });

  test('register and query', async () => {
    expect(await refusal(['query', 'location', user])).toContain('is registered with no provider');
    const { registrations } = await answer('register', provider, uuid, ...by('user'));
    expect(registrations).toEqual([{ provider, uuid, registeredAt: expect.any(String) }]);
    expect(await answer('query', 'uuid', user)).toEqual({ type: 'uuid', address: user, value: uuid });
    expect((await krypton(['query', 'location', user])).stdout).toBe('sip2.example.com\n');
  });

  test('deposit and withdraw', async () => {
    const open = ['escrow', 'open', provider, '1', ...terms, ...by('user')];
    expect(await refusal(open)).toContain('in the contract is 0 GAS (0 datoshi), 1 GAS');
    expect(await refusal(['deposit', '50', ...by('stranger')])).toContain('holds 0 GAS');
    expect(await refusal(['deposit', '5000', ...by('user')])).toContain('5000 GAS (500000000000 datoshi) and the fees');
    expect(await answer('deposit', '5', ...by('user'))).toMatchObject({
      ...sealed,
      amount: '500000000',
      account: user,
    });
    expect(await answer('deposit', '1', '--for', stranger, ...by('user'))).toMatchObject({ account: stranger });
    expect(await refusal(['withdraw', '9', ...by('user')])).toContain('in the contract is 5 GAS');
    expect(await answer('withdraw', '0.5', ...by('user'))).toMatchObject({ ...sealed, balance: '450000000' });
    expect(await refusal(['withdraw', '1', ...by('stranger')])).toContain('too little GAS for the fees');
  });

  test('escrow', async () => {
    await answer('devnet', 'fund', stranger, '10');
    const byStranger = ['escrow', 'open', provider, '1', ...terms, ...by('stranger')];
    expect(await refusal(byStranger)).toContain('("not registered")');
    const opened = await answer('escrow', 'open', provider, '1', ...terms, ...by('user'));
    const escrow = {
      id: 1,
      user,
      provider,
      amount: '100000000',
      spent: '0',
      ratePerSecond: '100',
      feePerCall: '5',
    };
    expect(opened).toMatchObject({ ...sealed, ...escrow, state: 'open', increment: 6, maxParallel: 3 });
    expect(await answer('escrow', 'show', '1')).toMatchObject({ ...escrow, history: [{ event: 'EscrowOpened' }] });
    expect(await refusal(['escrow', 'extend', '1', ...by('user')])).toContain('by how much?');
    const more = ['escrow', 'extend', '1', '--amount', '0.5', '--duration', '30m'];
    expect(await refusal([...more, ...by('stranger')])).toContain(`escrow 1 is not yours: its user is ${user}`);
    expect(await answer(...more, ...by('user'))).toMatchObject({ amount: '150000000' });
    expect(await refusal(['escrow', 'close', '1', ...by('stranger')])).toContain('is not yours');
    expect(await refusal(['escrow', 'refund', '1', ...by('stranger')])).toContain('after its claim deadline');
    expect(await refusal(['escrow', 'close', '77', ...by('user')])).toContain('there is no open escrow 77');
    expect((await answer('escrow', 'list', user, '--state', 'open')).items).toMatchObject([{ id: 1 }]);
  });

  test('cdr and settlements', async () => {
    const now = Date.now();
    const at = (ms: number) => new Date(now + ms).toISOString();
    const call = {
      callId: 'call-1',
      escrowId: 1,
      user,
      direction: 'outbound',
      from: '+31201',
      to: '+49302',
      startedAt: at(-900),
      answeredAt: at(-800),
      endedAt: at(0),
      disposition: 'answered',
      sipStatus: 200,
    };
    writeFileSync(join(folder, 'calls.json'), JSON.stringify([call]));
    const submit = ['cdr', 'submit', 'calls.json', ...by('provider')];
    const { cdrs } = await answer(...submit);
    expect(cdrs).toMatchObject([{ callId: 'call-1', verdict: 'accepted', state: 'received' }]);
    expect((await answer(...submit)).cdrs).toMatchObject([{ id: cdrs[0].id, verdict: 'duplicate' }]);
    const altered = { input: JSON.stringify({ cdrs: [{ ...call, to: '+49303' }, { callId: 'x' }] }) };
    const conflict = await krypton(['cdr', 'submit', '-', ...by('provider')], altered);
    expect(conflict).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^krypton: 2 of 2 .*1 invalid, 1 in conflict/),
    });
    const settled = await eventually(async () => {
      const cdr = await answer('cdr', 'show', String(cdrs[0].id), ...by('user'));
      return cdr.state === 'settled' ? cdr : undefined;
    }, 30_000);
    expect(settled).toMatchObject({ billableSeconds: 6, price: '605', paid: '605', escrowId: 1 });
    expect(await refusal(['cdr', 'show', String(cdrs[0].id), ...by('stranger')])).toContain('there is no CDR');
    expect((await answer('cdr', 'list', '--escrow', '1', ...by('provider'))).items).toMatchObject([
      { callId: 'call-1' },
    ]);
    expect((await answer('settlements', '--provider', provider)).items).toMatchObject([{ txHash: settled.txHash }]);
    expect((await krypton(['settlement', settled.txHash])).stdout).toMatch(/0\.00000605 +accepted/);
    expect(await answer('balance', provider)).toMatchObject({ balance: '605' });
    await answer('cdr', 'proof', String(cdrs[0].id), '--out', 'proof.json', ...by('user'));
    // the stack that runs here knows its contract
    expect(await answer('audit', 'verify', 'proof.json')).toMatchObject({
      holds: true,
      isKnownContract: true,
      amount: '605',
      txHash: settled.txHash,
      cdr: { callId: 'call-1' },
    });
  });

  test('voucher', async () => {
    const { publicKey } = await answer('voucher', 'key', 'create', 'voucher.key');
    await answer('escrow', 'open', provider, '1', '--rate', '100', '--voucher-key', publicKey, ...by('user'));
    const sign = (id: string, total: string) => ['voucher', 'sign', id, total, '--key', 'voucher.key'];
    const signed = await answer(...sign('2', '0.0105'));
    expect(signed).toEqual({ escrowId: 2, total: '1050000', signature: expect.stringMatching(/^[0-9a-f]{128}$/) });
    const submit = (total: string) => ['voucher', 'submit', '2', total, signed.signature];
    const kept = { escrowId: 2, total: '1050000', spent: '0', unsettled: '0' };
    expect(await answer(...submit('0.0105'))).toEqual(kept);
    expect(await refusal(submit('0.0106'))).toContain('is not by the voucher key of escrow 2 over this total');
    expect(await refusal(sign('2', '1.5'))).toContain('holds 1 GAS (100000000 datoshi) in all');
    expect(await refusal(sign('1', '1'))).toContain('escrow 1 has no voucher key');
    expect(await refusal(sign('9', '1'))).toContain('there is no open escrow 9');
  });

  test('closing, and leaving', async () => {
    expect(await answer('escrow', 'close', '1', ...by('user'))).toMatchObject({ ...sealed, state: 'closing' });
    expect(await refusal(['escrow', 'close', '1', ...by('user')])).toContain('is closing already');
    const closed = await answer('escrow', 'close', '1', ...by('provider'));
    expect(closed).toMatchObject({ ...sealed, id: 1, state: 'closed', refunded: '149999395' });
    expect(await answer('escrow', 'show', '1')).toMatchObject({ state: 'closed', spent: '605', refunded: '149999395' });
    const tariff = ['provider', 'set-tariff', 'https://example.com/t.json', 'ab'.repeat(32), ...by('provider')];
    expect(await answer(...tariff)).toMatchObject({ tariffHash: `0x${'ab'.repeat(32)}` });
    expect(await answer('provider', 'set-operator', 'none', ...by('provider'))).toMatchObject({ operator: null });
    expect(await answer('provider', 'undeploy', ...by('provider'))).toMatchObject({ deployed: false });
    expect(await refusal(['query', 'location', user])).toContain('which has undeployed');
    expect(await answer('unregister', provider, ...by('user'))).toMatchObject({ registrations: [] });
    expect(await refusal(['unregister', ...by('user')])).toContain('("not registered")');
  });

  test('status', async () => {
    const well = { node: { ok: true }, contract: { ok: true }, api: { ok: true }, wallet: { ok: true, address: user } };
    expect(await answer('status', ...by('user'))).toMatchObject(well);
    const down = await krypton(['status', '--api', deadUrl]);
    expect(down).toMatchObject({ status: 1, stderr: 'krypton: not all is well: api\n' });
    expect(down.stdout).toContain('npm start runs one');
  });

  const demo = async (options?: Options, args: string[] = []) => {
    const { status, stdout, stderr } = await krypton(['demo', ...args], options);
    expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('All is as computed.');
  };

  test('the demo: twenty calls, paid as computed, also twice at once', { timeout: 120_000 }, async () => {
    // One of them as where no stack runs: by settings alone, paid by a wallet that is named.
    const purse = createKey();
    await writeWalletFile(wallet('purse'), 'secret', purse, 'purse');
    writeFileSync(join(folder, 'purse.password'), 'secret\n');
    await answer('devnet', 'fund', purse.address, '200');
    const { rpc = '', api = '', contract = '', operator = '' } = stack?.endpoints ?? {};
    const env = {
      KRYPTON_HOME: '/nowhere',
      KRYPTON_RPC_URL: rpc,
      KRYPTON_API_URL: api,
      KRYPTON_CONTRACT: contract,
      KRYPTON_OPERATOR: operator,
      KRYPTON_PURSE: wallet('purse'),
      KRYPTON_PURSE_PASSWORD_FILE: join(folder, 'purse.password'),
    };
    expect(await refusal(['demo'], { env: { ...env, KRYPTON_OPERATOR: '' } })).toContain('who settles');
    expect(await refusal(['demo'], { env: { ...env, KRYPTON_PURSE: '' } })).toContain('no devnet runs on this machine');
    await Promise.all([demo(), demo({ env })]);
  });

  // The last one: what was killed so often takes half a minute to come back.
  test('the demo, while a service is killed every two seconds', { timeout: 300_000 }, async () => {
    const services = ['api', 'settler', 'indexer'];
    let kills = 0;
    const killing = setInterval(() => {
      const name = services[Math.floor(Math.random() * services.length)] as string;
      const pid = readEndpoints(folder)?.processes[name];
      if (!pid || !identify(pid)) return;
      process.kill(pid, 'SIGKILL');
      kills += 1;
    }, 2_000);
    await demo({}, ['--without-sipp']).finally(() => clearInterval(killing)); // SIPp calls at the very moment, or not at all
    expect(kills).toBeGreaterThan(3);
  });
});
