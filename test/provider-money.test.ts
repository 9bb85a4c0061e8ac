import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Dialog, openPhone, type Phone } from '../cli/phone/phone.ts';
import { headerOf } from '../cli/phone/sip-message.ts';
import { openUdp } from '../cli/phone/sip-transport.ts';
import type { Cdr } from '../protocol/api/cdrs.ts';
import { createKey, type Key } from '../protocol/sign/key.ts';
import { bytesOfHex } from '../protocol/types/bytes.ts';
import { settled } from './harness/exchange.ts';
import { hasKamailio, type Kamailio, startKamailio } from './harness/kamailio.ts';
import { type ProviderWorld, registerBySignature, startLimitMs, startProviderWorld } from './harness/provider.ts';
import { eventually, openEscrow } from './harness/world.ts';

/**
 * What calls cost, to the datoshi: 1,000 a second in steps of six, and 5,000 for each. How late a call is cut is printed
 * and not a bound of the test: it depends on the machine. What it costs does not.
 */
describe.runIf(await hasKamailio())('the money of a call', { timeout: 120_000 }, () => {
  let world: ProviderWorld;
  let kamailio: Kamailio;
  let gateway: Phone;
  let user: Phone;
  beforeAll(async () => {
    world = await startProviderWorld({ KRYPTON_PROVIDER_VOUCHER_INTERVAL_S: '2' });
    kamailio = await startKamailio(world.kit, world.ports.sip);
    const open = (port: number) => (receive: (text: string) => void) => openUdp(world.ports.sip, receive, port);
    gateway = await openPhone({ domain: 'krypton.test', user: 'gateway', open: open(world.gateway) });
    user = await openPhone({ domain: 'krypton.test', user: world.user.address, open: open(0) });
    await registerBySignature(world, user, world.user as Key);
  }, startLimitMs);
  afterAll(async () => {
    gateway?.close();
    user?.close();
    await kamailio?.stop();
    await world?.stopAll();
  });

  const talk = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const escrows: bigint[] = [];
  const call = (id: bigint) => {
    escrows.push(id);
    return user.call('+31201234567', { headers: { 'X-Krypton-Escrow': String(id) } });
  };
  const costOf = (seconds: number) => 5_000n + BigInt(Math.ceil(seconds / 6) * 6) * 1_000n;

  async function paidFor({ callId }: Dialog): Promise<Cdr & { seconds: number }> {
    const cdr = await settled(world, callId);
    return { ...cdr, seconds: (Date.parse(cdr.endedAt) - Date.parse(cdr.answeredAt ?? '')) / 1000 };
  }

  /** Waits for the BYE on both sides; prints how late it came. */
  async function cutAfter(dialog: Dialog, due: () => Promise<number> | number, why: string) {
    const bye = await user.waitFor('BYE', 60_000, dialog.callId);
    const at = Date.now();
    await gateway.waitFor('BYE', 10_000, dialog.callId);
    const lateMs = at - (await due());
    console.info(`${why}: cut ${lateMs} ms after the moment`);
    const reason = headerOf(bye, 'X-Krypton-Reason');
    return { reason, cdr: await paidFor(dialog) };
  }

  test('of 7.3 s is 17,000 datoshi: twelve seconds and the fee', async () => {
    const id = await openEscrow(world, 1_000_000n);
    const { answer, dialog } = await call(id);
    expect(answer.status).toBe(200);
    await talk(7_300);
    expect((await user.inDialog(dialog, 'BYE')).status).toBe(200);
    const { seconds, paid, price } = await paidFor(dialog);
    expect(seconds).toBeGreaterThanOrEqual(7.29);
    expect([price, paid]).toEqual([String(costOf(seconds)), String(costOf(seconds))]);
    if (seconds <= 12) expect(paid).toBe('17000');
    expect((await world.reader.escrow(id))?.spent).toBe(costOf(seconds));
  });

  test('that has come to its end is all of it, and nothing beyond', async () => {
    const id = await openEscrow(world, costOf(6));
    const { answer, dialog } = await call(id);
    expect(answer.status).toBe(200);
    const answeredAt = Date.now();
    const { reason, cdr } = await cutAfter(dialog, () => answeredAt + 6_000, 'no money');
    expect(['insufficientFunds', undefined]).toContain(reason); // Kamailio's own timer gives no reason
    expect([cdr.hangupBy, cdr.paid]).toEqual(['provider', '11000']);
    expect(cdr.seconds).toBeGreaterThan(5); // Kamailio's timer ticks once a second
    expect(cdr.seconds).toBeLessThanOrEqual(6);
    expect((await world.reader.escrow(id))?.spent).toBe(11_000n);
  });

  test('for which no voucher comes ends after one interval and its grace', async () => {
    const key = createKey();
    const id = await openEscrow(world, 10_000_000n, { voucherKey: bytesOfHex(key.publicKey) });
    const { answer, dialog } = await call(id);
    expect(answer.status).toBe(200);
    const answeredAt = Date.now();
    const bye = await user.waitFor('BYE', 60_000, dialog.callId);
    const endedAt = Date.now();
    console.info(`no voucher: cut ${endedAt - answeredAt - 3_000} ms after the moment`);
    expect(headerOf(bye, 'X-Krypton-Reason')).toBe('voucherMissing');
    await gateway.waitFor('BYE', 10_000, dialog.callId);
    const row = await eventually(async () => {
      const { items } = (await world.ask('/calls/newest')).body;
      return items.find(({ callId, price }: { callId: string; price: string | null }) => {
        return callId === dialog.callId && price !== null;
      });
    }, 'its record');
    expect(row.talkedMs).toBeGreaterThanOrEqual(3_000);
    expect(row.talkedMs).toBeLessThanOrEqual(endedAt - answeredAt + 1_000);
    expect(row.price).toBe(String(costOf(row.talkedMs / 1000)));
  });

  test('whose escrow is closed on chain ends with it', async () => {
    const id = await openEscrow(world, 10_000_000n);
    const { answer, dialog } = await call(id);
    expect(answer.status).toBe(200);
    const { height } = await world.send(world.user, 'closeEscrow', { id });
    const closedAt = async () => {
      const header = (await world.rpc.call('getblockheader', [height, true])) as unknown as { time: number };
      return header.time;
    };
    const { reason, cdr } = await cutAfter(dialog, closedAt, 'closed on chain');
    expect([reason, cdr.hangupBy]).toEqual(['escrowEnded', 'provider']);
    expect(cdr.price).toBe(String(costOf(cdr.seconds)));
  });

  test('for six of ten calls at the same time lets six through', async () => {
    const slice = costOf(300);
    const id = await openEscrow(world, 6n * slice);
    const made = await Promise.all(Array.from({ length: 10 }, () => call(id)));
    const through = made.filter(({ answer }) => answer.status === 200);
    const refused = made
      .filter(({ answer }) => answer.status !== 200)
      .map(({ answer }) => {
        return [answer.status, headerOf(answer, 'X-Krypton-Reason')];
      });
    expect(through).toHaveLength(6);
    expect(refused).toEqual(Array(4).fill([402, 'insufficientFunds']));
    const { items } = (await world.ask('/calls')).body;
    const own = items.filter(({ escrowId }: { escrowId: number }) => escrowId === Number(id));
    const held = own.reduce((sum: bigint, each: { held: string }) => sum + BigInt(each.held), 0n);
    expect(held).toBe(6n * slice);
    for (const { dialog } of through) expect((await user.inDialog(dialog, 'BYE')).status).toBe(200);
    const paid = await Promise.all(through.map(({ dialog }) => paidFor(dialog)));
    const due = paid.reduce((sum, { seconds }) => sum + costOf(seconds), 0n);
    expect((await world.reader.escrow(id))?.spent).toBe(due);
  });

  test('is what the metrics say', async () => {
    const metrics = async () => {
      const { body } = await world.ask('/metrics');
      return (name: string) => Number(new RegExp(`^krypton_provider_${name} (\\S+)$`, 'm').exec(body)?.[1]);
    };
    const spent = await Promise.all(
      [...new Set(escrows)].map(async (id) => (await world.reader.escrow(id))?.spent ?? 0n),
    );
    const paid = spent.reduce((sum: bigint, each) => sum + each, 0n);
    const read = await eventually(
      async () => {
        const found = await metrics();
        return found('earned_datoshi') === Number(paid) ? found : null;
      },
      `${paid} datoshi earned`,
      90_000,
    );
    const { items } = (await world.ask('/calls/newest')).body as { items: { record: string; price: string }[] };
    const open = items.filter(({ record }) => record === 'accepted');
    expect(open).toHaveLength(1); // the one for which no voucher came
    expect(read('unsettled_datoshi')).toBe(Number(open[0]?.price));
    expect([read('at_risk_datoshi'), read('held_datoshi')]).toEqual([read('unsettled_datoshi'), 0]);
    expect([read('phones_registered'), read('calls_running'), read('asr_ratio')]).toEqual([1, 0, 1]);
    expect(read('acd_seconds')).toBeGreaterThan(0);
    expect(read('post_dial_delay_seconds')).toBeGreaterThan(0);
    expect(read('post_dial_delay_seconds')).toBeLessThan(5);
  });
});
