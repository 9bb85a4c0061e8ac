import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { expect, inject } from 'vitest';
import { readGasBalance } from '../../chain/gas.ts';
import { createReader } from '../../chain/read.ts';
import { createRpc } from '../../chain/rpc.ts';
import type { Address } from '../../protocol/types/address.ts';
import { scriptHashSchema } from '../../protocol/types/hash.ts';
import { walletOf } from '../../stack/accounts.ts';
import { locateFolder, tools } from '../../stack/folder.ts';
import { callFlags, chromiumFlags } from '../../test/browser/chromium.ts';
import { krypton } from '../../test/harness/krypton.ts';
import { startNpmPhone } from '../../test/harness/npm-phone.ts';
import { endOf, startStack } from '../../test/harness/stack.ts';
import { expectAccessible, type Visit, visitSite } from './site.ts';

/** All that `npm start` and `npm run phone` start, and somebody who comes to its page with nothing. */

const stopTimeoutMs = 40_000;
/** What WebRTC counts is asked of each connection that the page makes. */
const keepConnections = `globalThis.connections = [];
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...given) { super(...given); connections.push(this); }
  };`;

export type WayWorld = Awaited<ReturnType<typeof startWayWorld>>;

export async function startWayWorld() {
  const program = inject('chromium');
  if ('missing' in program) throw new Error(program.missing);
  const folder = join(tools, `test-way-${process.pid}`);
  const stack = await startStack(folder);
  const npmPhone = await startNpmPhone(folder);
  const browser = await chromium.launch({ executablePath: program.path, args: [...chromiumFlags, ...callFlags] });
  const { rpc: url, contract, phone } = stack.endpoints;
  const rpc = createRpc([url]);
  const wallet = walletOf(locateFolder(folder), 'phone');
  return {
    provider: npmPhone.told('provider') as Address,
    number: npmPhone.told('a number to call'),
    reader: createReader(rpc, scriptHashSchema.parse(contract)),
    gasOf: (account: Address) => readGasBalance(rpc, account),
    visit: () => visitStranger(browser, phone),
    /** By the command, as a provider's person does it. */
    asProvider: async (...args: string[]) => {
      const env = { KRYPTON_HOME: folder, KRYPTON_WALLET_PASSWORD_FILE: wallet.passwordFile };
      const { status, stderr } = await krypton([...args, '--wallet', wallet.path], { env });
      expect([status, stderr]).toEqual([0, '']);
    },
    stop: async () => {
      await browser.close();
      const status = await npmPhone.stop();
      stack.supervisor.kill('SIGTERM');
      await endOf(stack, stopTimeoutMs);
      rmSync(folder, { recursive: true, force: true });
      expect(status).toBe(0);
    },
  };
}

const visitStranger = (browser: Browser, url: string): Promise<Visit> =>
  visitSite(browser, url, { deviceScaleFactor: 1, permissions: ['microphone'] }, async (context) => {
    await context.addInitScript(keepConnections);
  });

/** What has been heard and sent in the call that talks now. */
export function soundOf(page: Page): Promise<{ came: number; went: number; energy: number }> {
  return page.evaluate(async () => {
    const { connections } = globalThis as unknown as { connections: RTCPeerConnection[] };
    const open = connections.findLast(({ connectionState }) => connectionState === 'connected');
    const sound = { came: 0, went: 0, energy: 0 };
    (await open?.getStats())?.forEach((report) => {
      if (report.type === 'inbound-rtp') [sound.came, sound.energy] = [report.packetsReceived, report.totalAudioEnergy];
      if (report.type === 'outbound-rtp') sound.went = report.packetsSent;
    });
    return sound;
  });
}

/** `PICTURES=docs/softphone npx vitest run web/test/way.test.ts` draws the pictures of docs/softphone.md anew. */
const pictures = process.env.PICTURES;

/** A screen of the way, which anybody can use. Its name is its picture's; left out, it is not drawn. */
export async function see(page: Page, name?: string): Promise<void> {
  await expectAccessible(page);
  if (pictures === undefined || name === undefined) return;
  mkdirSync(pictures, { recursive: true });
  await page.waitForTimeout(400); // what moves has arrived
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}
