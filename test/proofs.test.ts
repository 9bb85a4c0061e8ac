import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { readExecuted } from '../chain/outcome.ts';
import { writeWalletFile } from '../chain/wallet-file.ts';
import { getCdr, type ProvenCdr } from '../protocol/api/cdrs.ts';
import { createClient } from '../protocol/api/client.ts';
import { getProof } from '../protocol/api/proofs.ts';
import { checkClaim, checkProof, type Proof, proofSchema } from '../protocol/call/proof.ts';
import { createKey, type Key } from '../protocol/sign/key.ts';
import { signVoucher } from '../protocol/sign/voucher.ts';
import { bytesOfHex, hexOf } from '../protocol/types/bytes.ts';
import { datoshi } from '../protocol/types/datoshi.ts';
import type { TxHash } from '../protocol/types/hash.ts';
import { answer, signedRequest, urlOf } from './api-world.ts';
import { krypton, type Options, refusal } from './harness/krypton.ts';
import { type Service, startService } from './harness/services.ts';
import { cdrRow, createWorld, eventually, openEscrow, type World } from './harness/world.ts';

let world: World;
let services: Service[] = [];
let url: string;
let folder: string;
const file = (name: string) => join(folder, name);
/** Nothing but a node is known. */
const auditor: Options = { env: { KRYPTON_HOME: '/nowhere' } };
const node = () => ['--rpc-url', inject('base').rpc];

beforeAll(async () => {
  world = await createWorld();
  services = await Promise.all([
    startService('indexer', world.env),
    startService('settler', world.env),
    startService('api', { ...world.env, KRYPTON_API_PORT: '0' }),
  ]);
  url = await urlOf(services[2] as Service);
  folder = await mkdtemp(join(tmpdir(), 'krypton-proofs-'));
  await writeWalletFile(file('user.json'), 'test', world.user as Key, 'user');
});
afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  await world.destroy();
  await rm(folder, { recursive: true });
});

const told = (id: bigint, signer = world.user) =>
  createClient({ url, signer }).call(getCdr, { params: { id: Number(id) } });
const settled = (id: bigint) =>
  eventually(async () => {
    // its user sees it once the index has the escrow
    return (await told(id, world.provider)).state === 'settled' ? told(id) : null;
  }, `CDR ${id} is settled`);

/** In one commit, so that one claim holds them. */
const submit = async (...rows: ReturnType<typeof cdrRow>[]) =>
  (await world.db.insertInto('cdrs').values(rows).returning('id').execute()).map(({ id }) => id);

test('from CDRs to a file that needs no service of ours', { timeout: 120_000 }, async () => {
  const escrowId = await openEscrow(world, 40_000n);
  const row = (given = {}) => cdrRow(world, escrowId, given);
  const busy = { answeredAt: null, disposition: 'busy', sipStatus: 486 } as const;
  const [first, second, free, third, capped] = await submit(
    row({ hangupBy: 'caller' }),
    row(),
    row(busy),
    row(),
    row(),
  );
  const ids = [first, second, third].map((id) => id as bigint);
  const cdrs: ProvenCdr[] = [];
  for (const id of ids) cdrs.push(await settled(id));
  for (const [i, { proof, id, callId, claim, txHash, paid }] of cdrs.entries()) {
    expect(checkProof(proof as Proof)).toEqual([]);
    expect(proof).toMatchObject({ network: world.network, contract: world.contract, txHash });
    expect(proof).toMatchObject({ claim: { escrowId: Number(escrowId), amount: '33000', ...claim } });
    expect(proof?.leaf.sum).toBe(paid);
    expect(proof?.cdr).toMatchObject({ callId, billableSeconds: 6, amount: '11000', tariffHash: null });
    const stored = await world.db
      .selectFrom('cdrs')
      .select('salt')
      .where('id', '=', ids[i] as bigint)
      .executeTakeFirst();
    expect(proof?.cdr?.salt).toBe(stored?.salt.toString('hex'));
    expect(await createClient({ url }).call(getProof, { params: { id } })).toEqual({ ...proof, cdr: null });
    expect((await told(ids[i] as bigint, world.provider)).proof).toEqual(proof);
  }

  // what money did not reach is claimed in part: the leaf has what was claimed
  expect(await told(capped as bigint)).toMatchObject({ state: 'rated', proof: null });
  await world.send(world.user, 'closeEscrow', { id: escrowId });
  expect(await settled(capped as bigint)).toMatchObject({
    price: '11000',
    paid: '7000',
    proof: { claim: { seq: 1, amount: '7000' }, leaf: { sum: '7000' }, path: [], cdr: { amount: '7000' } },
  });

  // nobody else gets more than the public proof, and what was never paid has none
  const foreign = await answer(await fetch(await signedRequest(url, world.operator, `/v1/cdrs/${first}`)));
  expect([foreign.status, JSON.stringify(foreign.body)]).toEqual([404, expect.not.stringContaining('salt')]);
  const open = await answer(await fetch(`${url}/v1/proofs/cdr/${first}`));
  expect(JSON.stringify(open.body)).not.toMatch(/\+31|\+44|salt|callId/);
  expect(JSON.stringify(open.body)).not.toContain(world.user.address);
  expect(open.headers.get('cache-control')).toBe('public, max-age=3600');
  for (const id of [free, 987_654_321n]) {
    const none = await answer(await fetch(`${url}/v1/proofs/cdr/${id}`));
    expect([none.status, none.body.code]).toEqual([404, 'unknownProof']);
  }

  // the command: fetch, and check with a node alone
  const asUser = ['--api', url, '--wallet', file('user.json')];
  const user: Options = { env: { ...auditor.env, KRYPTON_WALLET_PASSWORD: 'test' } };
  const fetched = await krypton(['cdr', 'proof', String(second), '--out', file('proof.json'), ...asUser], user);
  expect(fetched).toMatchObject({ status: 0, stderr: '' });
  expect(JSON.parse(await readFile(file('proof.json'), 'utf8'))).toEqual(cdrs[1]?.proof);
  await krypton(['cdr', 'proof', String(second), '--public', '--out', file('public.json'), '--api', url], auditor);
  expect(await refusal(1, ['cdr', 'proof', String(free), ...asUser], user)).toContain('only what is settled');

  const place = `claim 0 of escrow ${escrowId} (transaction ${cdrs[1]?.txHash}, block ${cdrs[1]?.height})`;
  const whole = await krypton(['audit', 'verify', file('proof.json'), ...node()], auditor);
  expect(whole).toMatchObject({ status: 0, stderr: '' });
  expect(whole.stdout).toContain(
    `The proof holds: this call, at this price, under the escrow's own terms, is in ${place}.`,
  );
  expect(whole.stdout).toMatch(/price +0.00011 GAS \(11000 datoshi\)\n/);
  expect(whole.stdout).toMatch(/place +call 2 of the 3 in the claim/);
  expect(whole.stdout).toContain('Compare the contract with the one that you know');
  const bare = await krypton(
    ['audit', 'verify', file('public.json'), ...node(), '--contract', world.contract],
    auditor,
  );
  expect(bare).toMatchObject({ status: 0, stdout: expect.stringContaining(`a call at this price is in ${place}.`) });
  expect(bare.stdout).not.toMatch(/\+31|Compare the contract/);
  const json = await krypton(['audit', 'verify', '-', ...node(), '--json'], {
    ...auditor,
    input: JSON.stringify(cdrs[1]?.proof),
  });
  expect(JSON.parse(json.stdout)).toMatchObject({ holds: true, place: { call: 2, calls: 3 }, amount: '11000' });

  // whichever digit is another one, it fails
  const text = JSON.stringify(cdrs[1]?.proof);
  const executed = await readExecuted(world.rpc, cdrs[1]?.txHash as TxHash);
  const holds = (changed: string) => {
    const { data: asked } = proofSchema.safeParse(JSON.parse(changed));
    if (!asked || asked.network !== world.network || asked.txHash !== cdrs[1]?.txHash) return false;
    const placed = checkClaim(asked, executed?.execution.notifications ?? []);
    return checkProof(asked).length === 0 && !Array.isArray(placed);
  };
  expect(holds(text)).toBe(true);
  const digits = [...text.matchAll(/\d/g)].map(({ index, 0: digit }) => [index, digit] as const);
  expect(digits.length).toBeGreaterThan(400);
  for (const [at, digit] of digits) {
    const changed = text.slice(0, at) + ((Number(digit) + 1) % 10) + text.slice(at + 1);
    expect([changed, isJson(changed) && holds(changed)]).toEqual([changed, false]);
  }

  // the line says what differs says what differs
  const proof = cdrs[1]?.proof as Proof;
  const other = '0x'.padEnd(66, '1');
  const changes: [Partial<Proof>, string][] = [
    [{ cdr: proof.cdr && { ...proof.cdr, to: '+442071234568' } }, 'the hash of the leaf is 0x'],
    [{ cdr: proof.cdr && { ...proof.cdr, billableSeconds: 12 } }, 'the hash of the leaf is 0x'],
    [
      { cdr: null, leaf: { ...proof.leaf, sum: '11001' } },
      'the sum of the root is 33000 in the file, but leaf and path give 33001',
    ],
    [
      { claim: { ...proof.claim, amount: '33001' } },
      "the claim's amount is 33001 in the file, but the root gives 33000",
    ],
    [{ claim: { ...proof.claim, seq: 1 } }, `but the transaction settles number 0 of escrow ${escrowId}`],
    [{ txHash: other }, `the node knows no transaction ${other}`],
    [{ contract: `0x${'1'.repeat(40)}` }, 'but the transaction settles none'],
    [{ network: 1 }, 'that of the proof: --rpc <url> names a node of it'],
    [{ format: 'krypton-cdr-proof-2' as never }, 'standard input is no proof: format: '],
  ];
  for (const [change, message] of changes) {
    const input = JSON.stringify({ ...proof, ...change });
    expect(await refusal(1, ['audit', 'verify', '-', ...node()], { ...auditor, input })).toContain(message);
  }
  const given = ['--contract', `0x${'1'.repeat(40)}`];
  expect(await refusal(1, ['audit', 'verify', file('proof.json'), ...node(), ...given], auditor)).toContain(
    `it is of contract ${world.contract}, the configured one is 0x1111`,
  );
  await writeFile(file('twice.json'), JSON.stringify(proof).replace('"root"', '"claim":{},"root"'));
  expect(await refusal(1, ['audit', 'verify', file('twice.json'), ...node()], auditor)).toContain('stands twice');
});

/** A number that begins with 0 is none. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test('call, voucher and claim side by side', { timeout: 120_000 }, async () => {
  const key = createKey();
  const escrowId = await openEscrow(world, 40_000n, { voucherKey: bytesOfHex(key.publicKey) });
  const scope = { network: world.network, contract: world.contract, escrowId };
  const voucher = await signVoucher(key, scope, datoshi(15_000n));
  const row = (given = {}) => cdrRow(world, escrowId, given);
  const busy = { answeredAt: null, disposition: 'busy', sipStatus: 486 } as const;
  const [paid, short, unsigned, free, refused] = await submit(
    row({ voucher }),
    row(),
    row(),
    row(busy),
    row({ direction: 'outbound', endedAt: new Date(0) }),
  );
  const comparisonOf = async (id: bigint | undefined) => (await told(id as bigint)).comparison;
  await settled(paid as bigint);
  const whole = { amount: '11000', match: 'match' };
  const nothing = { amount: '0', match: 'missing' };
  expect(await comparisonOf(paid)).toEqual({ call: '11000', voucher: whole, claim: whole });
  const partly = { amount: '4000', match: 'short' };
  expect(await comparisonOf(short)).toEqual({ call: '11000', voucher: partly, claim: nothing });
  expect(await comparisonOf(unsigned)).toEqual({ call: '11000', voucher: nothing, claim: nothing });
  const none = { amount: '0', match: 'match' };
  expect(await comparisonOf(free)).toEqual({ call: '0', voucher: none, claim: none });
  expect(await comparisonOf(refused)).toBeNull();
  const shown = await krypton(['cdr', 'show', String(short), '--api', url, '--wallet', file('user.json')], {
    env: { ...auditor.env, KRYPTON_WALLET_PASSWORD: 'test' },
  });
  expect(shown.stdout).toMatch(/signed for +0\.00004 GAS .*, short\n/);
  expect(shown.stdout).toMatch(/claimed +0 GAS .*, missing\n/);

  // a claim above what its call's voucher signs for is made of the next voucher
  const { total, signature } = await signVoucher(key, scope, datoshi(30_000n));
  await sql`insert into vouchers values (${escrowId}, ${total}, ${hexOf(signature).slice(2)})`.execute(world.db);
  await settled(short as bigint);
  expect(await comparisonOf(paid)).toEqual({ call: '11000', voucher: whole, claim: whole });
  expect(await comparisonOf(short)).toEqual({ call: '11000', voucher: whole, claim: whole });
  const last = { amount: '8000', match: 'short' };
  expect(await comparisonOf(unsigned)).toEqual({ call: '11000', voucher: last, claim: nothing });
});
