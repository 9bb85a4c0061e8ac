import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openLine } from '../cli/phone/line.ts';
import { openPhone } from '../cli/phone/phone.ts';
import { headerOf } from '../cli/phone/sip-message.ts';
import { openUdp } from '../cli/phone/sip-transport.ts';
import { fromMuLaw } from '../cli/phone/sound.ts';
import { tools } from '../stack/folder.ts';
import { hasKamailio } from './harness/kamailio.ts';
import { krypton } from './harness/krypton.ts';
import { startNpmPhone } from './harness/npm-phone.ts';
import { hasRtpengine } from './harness/rtpengine.ts';
import { endOf, eventually, startStack, type TestStack } from './harness/stack.ts';

const canRun = (await hasKamailio()) && (await hasRtpengine());
const folder = join(tools, `test-phone-${process.pid}`);
const stopTimeoutMs = 40_000;
let stack: TestStack | undefined;
afterAll(async () => {
  stack?.supervisor.kill('SIGTERM');
  if (stack) await endOf(stack, stopTimeoutMs);
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

/** As somebody who has never seen it does it: by the commands alone, but for the telephone. */
test.runIf(canRun)('npm run phone: from nothing to a call that was heard and paid', { timeout: 300_000 }, async () => {
  stack = await startStack(folder);
  const env = { KRYPTON_HOME: folder, KRYPTON_WALLET_PASSWORD: 'user' };
  const npmPhone = await startNpmPhone(folder);
  const { told } = npmPhone;
  let status: number | null = null;
  try {
    const provider = told('provider');
    const port = Number(told('SIP (UDP, TCP)').split(':')[1]);

    const wallet = join(folder, 'user.json');
    const run = async (...args: string[]) => {
      const { status, stdout, stderr } = await krypton([...args, '--wallet', wallet, '--json'], { env });
      expect([status, stderr]).toEqual([0, '']);
      return JSON.parse(stdout);
    };
    const { address } = await run('wallet', 'create', wallet);
    await run('devnet', 'fund', address, '20');

    const line = await openLine('tone');
    const open = (receive: (text: string) => void) => openUdp(port, receive);
    const phone = await openPhone({ domain: told('domain'), user: address, open, sdp: line.sdp });
    const nonce = headerOf(await phone.register(), 'X-Krypton-Nonce') ?? '';
    await run('register', provider, nonce);
    expect((await phone.register({ 'X-Krypton-Token': nonce })).status).toBe(200);
    await run('deposit', '5');
    await run('escrow', 'open', provider, '1', '--rate', '100000');

    const { answer, dialog } = await phone.call(told('a number to call'));
    expect(answer.first).toBe('SIP/2.0 200 OK');
    line.connect(answer.body);
    await eventually(() => (line.heard.length > 50 ? true : undefined), 20_000);
    expect(Math.max(...line.heard.flatMap((payload) => [...payload].map(fromMuLaw)))).toBeGreaterThan(7_000);
    expect((await phone.inDialog(dialog, 'BYE')).status).toBe(200);
    const cdr = await eventually(async () => {
      const { items } = await run('cdr', 'list');
      return items.find(({ state }: { state: string }) => state === 'settled');
    }, 60_000);
    const seconds = Math.ceil((Date.parse(cdr.endedAt) - Date.parse(cdr.answeredAt)) / 1000);
    expect(cdr).toMatchObject({ callId: dialog.callId, paid: String(seconds * 100_000), hangupBy: 'caller' });
    phone.close();
    line.close();
  } finally {
    status = await npmPhone.stop();
  }
  expect([status, npmPhone.output().match(/^phone: .*/m)]).toEqual([0, null]);
});
