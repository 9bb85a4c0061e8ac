import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEnv } from 'node:util';
import { bytesToHex } from '@noble/hashes/utils.js';
import { afterAll, expect, test } from 'vitest';
import { gasTransfer, transferGas } from '../chain/gas.ts';
import { createReader } from '../chain/read.ts';
import { createRpc } from '../chain/rpc.ts';
import { send } from '../chain/send.ts';
import { writeWalletFile } from '../chain/wallet-file.ts';
import { type Gateway, openGateway } from '../cli/phone/gateway.ts';
import { openPhone, type Phone } from '../cli/phone/phone.ts';
import { headerOf } from '../cli/phone/sip-message.ts';
import { openUdp } from '../cli/phone/sip-transport.ts';
import { type Cdr, listCdrs } from '../protocol/api/cdrs.ts';
import { type Client, createClient } from '../protocol/api/client.ts';
import { contractCall } from '../protocol/contract/call.ts';
import { createKey } from '../protocol/sign/key.ts';
import { signRegistration } from '../protocol/sign/registration.ts';
import type { Address } from '../protocol/types/address.ts';
import { datoshi, datoshiPerGas } from '../protocol/types/datoshi.ts';
import type { ScriptHash } from '../protocol/types/hash.ts';
import { defaultLimits, limitsJson } from '../provider/kamailio/limits-file.ts';
import { kamailioCommand, rtpengineCommand } from '../provider/kamailio/programs.ts';
import { writeKit } from '../provider/kamailio/write.ts';
import { openTreasury } from '../stack/accounts.ts';
import { openFolder, repository, tools } from '../stack/folder.ts';
import { pickPort } from '../stack/ports.ts';
import { hasKamailio } from './harness/kamailio.ts';
import { pickPorts } from './harness/provider.ts';
import { seededRandom } from './harness/random.ts';
import { hasRtpengine } from './harness/rtpengine.ts';
import { endOf, eventually, readEndpoints, startStack, type TestStack } from './harness/stack.ts';
import { startUnit, type Unit } from './harness/unit.ts';

/**
 * A whole stack and a whole kit; in each round one part is killed in the middle of calls, and starts again by itself.
 * `ROUNDS` and `SEED` in the environment repeat a run; 50 rounds take a quarter of an hour.
 */
const rounds = Number(process.env.ROUNDS ?? 5);
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));
const victims = ['wallet service', 'Kamailio', 'rtpengine', 'API', 'node'] as const;
type Victim = (typeof victims)[number];

const canRun = (await hasKamailio()) && (await hasRtpengine());
const folder = join(tools, `test-rounds-${process.pid}`);
const stopTimeoutMs = 40_000;
/** Calls are listed every 5 s and users sign every 10 s: what a crash may cost is less than the latter. */
const INTERVAL_MS = 10_000;
const RECOVERY_MS = 90_000;
const RATE = 1_000n;

let stack: TestStack | undefined;
const units: Unit[] = [];
const open: { close(): void }[] = [];
afterAll(async () => {
  for (const each of open) each.close();
  for (const unit of units) await unit.stop();
  stack?.supervisor.kill('SIGTERM');
  if (stack) await endOf(stack, stopTimeoutMs);
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

/** A call as its phone saw it; times in milliseconds since 1970. */
type Seen = { callId: string; invitedAt: number; answeredAt: number | null; byeAt: number | null; overAt: number };

test.runIf(canRun)(`${rounds} rounds, seed ${seed}`, { timeout: 120_000 + rounds * 120_000 }, async () => {
  const running = await startStack(folder);
  stack = running;
  const { endpoints } = running;
  const [rpc, contract] = [createRpc([endpoints.rpc]), endpoints.contract as ScriptHash];
  const { network } = endpoints;
  const reader = createReader(rpc, contract);
  const [provider, user] = [createKey(), createKey()];
  const treasury = await openTreasury(openFolder(folder));
  const gas = datoshi(100n * datoshiPerGas);
  await transferGas({ rpc, network, signer: treasury }, [
    { to: provider.address, amount: gas },
    { to: user.address, amount: gas },
  ]);
  await send({ rpc, network, signer: provider }, [
    contractCall(contract, 'deploy', { provider: provider.address, location: 'krypton.test' }),
    contractCall(contract, 'setOperator', { provider: provider.address, operator: endpoints.operator as Address }),
  ]);

  const kit = join(folder, 'kit');
  mkdirSync(kit);
  for (const each of [folder, kit]) chmodSync(each, 0o755); // Kamailio is another user
  await writeWalletFile(join(kit, 'wallet.json'), 'test', provider, 'provider');
  writeFileSync(join(kit, 'password'), 'test');
  const [ports, gatewayPort] = [await pickPorts(), await pickPort(new Set())];
  writeKit(kit, {
    domain: 'krypton.test',
    address: '127.0.0.1',
    publicAddress: null,
    gateways: [{ uri: `sip:127.0.0.1:${gatewayPort}`, source: `127.0.0.1:${gatewayPort}` }],
    tls: null,
    turn: [],
    rtpengine: true,
    ports,
    network,
    contract,
    rpcUrl: [endpoints.rpc],
    apiUrl: endpoints.api,
    wallet: join(kit, 'wallet.json'),
    walletPasswordFile: join(kit, 'password'),
  });
  const off = { warn: null, refuse: null }; // all calls are of one user, to one number
  const limits = { ...defaultLimits, total: off, perMinute: off, sequence: off, registrationsPerAddress: off };
  writeFileSync(join(kit, 'limits.json'), limitsJson({ ...limits, noncesPerAddress: off }));
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('KRYPTON_'));
  const base = Object.fromEntries(own);
  const told = parseEnv(readFileSync(join(kit, 'service.env'), 'utf8'));
  const main = join(repository, 'provider', 'service', 'main.ts');
  const started: Partial<Record<Victim, Unit>> = {
    'wallet service': startUnit({ program: process.execPath, args: [main], env: { ...base, ...told } }),
    rtpengine: startUnit({ ...rtpengineCommand(kit), env: base }),
  };
  await sleep(2_000); // rtpengine first: Kamailio takes one that does not listen yet for dead, for a minute
  started.Kamailio = startUnit({ ...kamailioCommand(kit), env: base });
  units.push(...Object.values(started));
  const gateway: Gateway = await openGateway(gatewayPort, () => {});
  open.push(gateway);
  const at = (path: string) => `http://127.0.0.1:${ports.service}${path}`;
  const authorization = `Bearer ${told.KRYPTON_PROVIDER_SECRET}`;
  const readMetrics = async () => (await fetch(at('/metrics'))).text();
  const underWay = async () => {
    const response = await fetch(at('/calls'), { headers: { authorization } });
    return ((await response.json()) as { items: unknown[] }).items.length;
  };
  const untilUp = (what: string, isUp: () => Promise<boolean>) =>
    eventually(async () => ((await isUp().catch(() => false)) ? true : undefined), RECOVERY_MS).then((up) => {
      if (!up)
        throw new Error(`${what} is not back:\n${units.map((unit) => unit.output().slice(-3_000)).join('\n---\n')}`);
    });
  const kitIsUp = async () => (await fetch(at('/readyz'))).status === 200;
  await untilUp('the wallet service', kitIsUp);

  const phone: Phone = await openPhone({
    domain: 'krypton.test',
    user: user.address,
    open: (receive) => openUdp(ports.sip, receive),
  });
  open.push(phone);
  const shown = async () => {
    const nonce = headerOf(await phone.register(), 'X-Krypton-Nonce') ?? '';
    const { signature } = await signRegistration(user, { network, contract, provider: provider.address, nonce });
    return { 'X-Krypton-Key': user.publicKey, 'X-Krypton-Signature': bytesToHex(signature) };
  };
  const amount = datoshi(10n * datoshiPerGas);
  const opened = await send({ rpc, network, contract, signer: user }, [
    contractCall(contract, 'register', { user: user.address, provider: provider.address, uuid: randomUUID() }),
    gasTransfer(user.address, contract, amount),
    contractCall(contract, 'openEscrow', {
      ...{ user: user.address, provider: provider.address, amount, voucherKey: null, maxParallel: 50n },
      ...{ ratePerSecond: datoshi(RATE), feePerCall: datoshi(0n), increment: 1n },
      ...{ durationMs: 86_400_000n, claimWindowMs: 86_400_000n },
    }),
  ]);
  const escrow = opened.events.find((event) => event.name === 'EscrowOpened');
  if (!escrow) throw new Error('no escrow was opened');
  await untilUp('Kamailio', async () => (await phone.register(await shown())).status === 200);
  await sleep(3_000); // a node that is killed loses the blocks of its last second: not the one with the escrow

  async function call(talkMs: number): Promise<Seen> {
    const [callId, invitedAt] = [randomUUID(), Date.now()];
    const nobody = { callId, invitedAt, answeredAt: null, byeAt: null };
    const headers = { 'X-Krypton-Escrow': String(escrow?.id) };
    const made = await phone.call('+31201234567', { callId, headers }).catch(() => null);
    if (made?.answer.status !== 200) return { ...nobody, overAt: Date.now() };
    const answeredAt = Date.now();
    await sleep(talkMs);
    const byeAt = Date.now();
    await phone.inDialog(made.dialog, 'BYE').catch(() => null); // nobody may be there to take it
    return { ...nobody, answeredAt, byeAt, overAt: Date.now() };
  }

  async function kill(victim: Victim): Promise<void> {
    const unit = started[victim];
    if (unit) return unit.kill();
    const pid = readEndpoints(folder)?.processes[victim === 'API' ? 'api' : 'node'];
    if (pid === undefined) throw new Error(`${victim} has no process`);
    process.kill(pid, 'SIGKILL');
  }

  const seen: (Seen & { lostAt: number | null; victim: Victim })[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const random = seededRandom(seed, `round ${round}`);
    const victim = victims[(seed + round) % victims.length] as Victim; // each of them in turn
    const calls = Array.from({ length: 3 }, () => ({ afterMs: random.upTo(1_500), talkMs: 500 + random.upTo(7_000) }));
    const killAfterMs = random.upTo(6_000);
    const killing = sleep(killAfterMs).then(async () => {
      await kill(victim);
      return Date.now();
    });
    const made = await Promise.all(calls.map(({ afterMs, talkMs }) => sleep(afterMs).then(() => call(talkMs))));
    const killedAt = await killing;
    const lostAt = victim === 'Kamailio' ? killedAt : null;
    seen.push(...made.map((each) => ({ ...each, lostAt, victim })));
    const begin = Date.now();
    await untilUp('the wallet service', kitIsUp);
    await untilUp('Kamailio', async () => (await phone.register(await shown())).status === 200);
    await untilUp('the API', async () => (await fetch(`${endpoints.api}/v1/status`)).status === 200);
    await untilUp('the end of all calls', async () => (await underWay()) === 0);
    const answered = made.filter(({ answeredAt }) => answeredAt !== null).length;
    console.info(
      `round ${round}: ${victim} after ${killAfterMs} ms, ${answered} of 3 answered, back in ${Date.now() - begin} ms`,
    );
  }

  // refused are those alone that come while the service, Kamailio or the node is away
  expect(seen.filter(({ answeredAt }) => answeredAt !== null).length).toBeGreaterThan(seen.length / 2);
  const client = createClient({ url: endpoints.api, signer: provider });
  const cdrs = await settledOf(client);
  let [most, sum] = [0, 0n];
  for (const each of seen) {
    const records = cdrs.filter(({ callId }) => callId === each.callId);
    expect(records.length, `records of a call that was ${each.answeredAt ? '' : 'not '}answered`).toBeLessThanOrEqual(
      1,
    );
    const [cdr] = records;
    if (each.answeredAt !== null) expect(cdr, `${each.callId} (${each.victim})`).toBeDefined();
    if (!cdr) continue;
    const billed = cdr.answeredAt === null ? 0 : Date.parse(cdr.endedAt) - Date.parse(cdr.answeredAt);
    const truth = Math.min(each.lostAt ?? Number.POSITIVE_INFINITY, each.overAt);
    if (cdr.answeredAt !== null) {
      expect(Date.parse(cdr.answeredAt)).toBeGreaterThanOrEqual(each.invitedAt);
      // this process cuts its clock to milliseconds, Kamailio's is rounded
      expect(Date.parse(cdr.endedAt)).toBeLessThanOrEqual(truth + 1);
    }
    const talked = each.answeredAt === null ? 0 : Math.min(truth, each.byeAt ?? truth) - each.answeredAt;
    most = Math.max(most, talked - billed);
    expect(talked - billed, `unbilled of ${each.callId} (${each.victim})`).toBeLessThanOrEqual(INTERVAL_MS);
    // an answered call costs its first second, however short it was
    const seconds = cdr.answeredAt === null ? 0 : Math.max(1, Math.ceil(billed / 1000));
    expect(cdr.price).toBe(String(BigInt(seconds) * RATE));
    sum += BigInt(cdr.price ?? 0);
  }
  expect((await reader.escrow(escrow.id))?.spent).toBe(sum);
  expect(await readMetrics()).toContain('krypton_provider_records_waiting 0\n');
  console.info(
    `seed ${seed}: ${rounds} rounds, ${seen.length} calls, ${cdrs.length} records, ${sum} datoshi paid; at most ${most} ms of a call unbilled`,
  );

  /** All records, once nothing more will become of them. */
  async function settledOf(api: Client): Promise<Cdr[]> {
    const all = await eventually(async () => {
      const waiting = /records_waiting (\d+)/.exec(await readMetrics())?.[1];
      const items: Cdr[] = [];
      let cursor: string | null | undefined;
      do {
        const page = await api.call(listCdrs, { query: { limit: 100, ...(cursor && { cursor }) } });
        items.push(...page.items);
        cursor = page.next;
      } while (cursor);
      const isDone = items.every(({ state, price }) => state === 'settled' || (state === 'rated' && price === '0'));
      return waiting === '0' && isDone && items.length > 0 ? items : undefined;
    }, 180_000);
    if (!all) throw new Error('not all records are settled');
    return all;
  }
});
