import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { hasSipp } from '../cli/sipp/sipp.ts';
import { tools } from '../stack/folder.ts';
import { hasKamailio } from './harness/kamailio.ts';
import { krypton } from './harness/krypton.ts';
import { hasRtpengine } from './harness/rtpengine.ts';
import { endOf, startStack, type TestStack } from './harness/stack.ts';

const canRun = (await hasKamailio()) && (await hasRtpengine()) && hasSipp();
const folder = join(tools, `test-demo-${process.pid}`);
const stopTimeoutMs = 40_000;
let stack: TestStack | undefined;
afterAll(async () => {
  stack?.supervisor.kill('SIGTERM');
  if (stack) await endOf(stack, stopTimeoutMs);
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

test.runIf(canRun)(
  'npm run demo shows calls over real SIP, with what was paid and where',
  {
    timeout: 300_000,
  },
  async () => {
    stack = await startStack(folder);
    const { status, stdout, stderr } = await krypton(['demo'], { env: { KRYPTON_HOME: folder } });
    expect([status, stderr], stdout).toEqual([0, '']);
    const table = stdout.slice(stdout.indexOf('What SIPp has called'));
    const line = (name: string) =>
      table
        .split('\n')
        .find((each) => each.startsWith(name))
        ?.split(/ {2,}/) ?? [];
    const [, talkedId, talkedAnswer, talkedS, talkedPaid, talkedTx] = line('talked');
    expect([talkedId, talkedAnswer, talkedTx]).toEqual([
      expect.stringMatching(/^demo-\w{6}-1$/),
      '200 OK',
      expect.stringMatching(/^0x[0-9a-f]{64}$/),
    ]);
    expect(talkedPaid).toBe(String(Math.ceil(Number(talkedS)) * 100_000));
    const [, , cutAnswer, cutS, cutPaid, cutTx] = line('cut');
    expect([cutAnswer, cutPaid]).toEqual(['200 OK', '300000']);
    expect(Number(cutS)).toBeGreaterThan(2); // Kamailio's timer ticks once a second
    expect(Number(cutS)).toBeLessThanOrEqual(3);
    expect(cutTx).toMatch(/^0x[0-9a-f]{64}$/);
    expect(line('refused').slice(2, 5)).toEqual(['402 Insufficient Funds', '-', '0']);
    expect(stdout).toContain('All is as computed.');
  },
);
