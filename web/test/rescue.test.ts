import { randomUUID } from 'node:crypto';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { sha256 } from '@noble/hashes/sha2.js';
import { createBase58check } from '@scure/base';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { createReader, type Reader } from '../../chain/read.ts';
import { createRpc } from '../../chain/rpc.ts';
import { createKey, type Key } from '../../protocol/sign/key.ts';
import { chromiumFlags } from '../../test/browser/chromium.ts';
import { createFundedAccount } from '../../test/harness/accounts.ts';
import { deadUrl } from '../../test/harness/krypton.ts';
import { type OwnNode, startOwnNode } from '../../test/harness/own-node.ts';
import { createWorld, openEscrow, type World } from '../../test/harness/world.ts';
import { encryptKey } from '../wallet/nep2.ts';
import { writeWalletFile } from '../wallet/wallet-file.ts';
import { expectSum, gas, signAndWait, wholeGas } from './purse-page.ts';
import { expectAccessible } from './site.ts';

let node: OwnNode;
let world: World;
let reader: Reader;
let browser: Browser;
let folder: string;
let key: Key;
let page: Page;
/** Whatever the page asks for, and whatever it complains of. */
let asked: string[];
let complaints: string[];

beforeAll(async () => {
  const program = inject('chromium');
  if ('missing' in program) throw new Error(program.missing);
  node = await startOwnNode();
  world = await createWorld(node);
  reader = createReader(createRpc([node.rpc]), world.contract);
  browser = await chromium.launch({ executablePath: program.path, args: chromiumFlags });
  folder = await mkdtemp(join(tmpdir(), 'krypton-rescue-'));
  // as a person saves it: one file, somewhere on their disk
  await copyFile(join(inject('pages').public, 'rescue', 'index.html'), join(folder, 'my rescue.html'));
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await world?.destroy();
  await node?.stop();
  if (folder) await rm(folder, { recursive: true });
});

beforeEach(async () => {
  key = await createFundedAccount(wholeGas(20), node);
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, locale: 'en-GB' });
  [asked, complaints] = [[], []];
  context.on('request', (request) => asked.push(request.url()));
  context.on('weberror', (error) => complaints.push(error.error().message));
  context.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page = await context.newPage();
  await page.goto(pathToFileURL(join(folder, 'my rescue.html')).href);
  return () => context.close();
});

const wifOf = ({ privateKey }: Key) => createBase58check(sha256).encode(Uint8Array.of(0x80, ...privateKey, 1));

async function ask(given: { node?: string; contract?: string; key?: string }): Promise<void> {
  await page.getByLabel('A NEO node').fill(given.node ?? node.rpc);
  await page.getByLabel('The contract').fill(given.contract ?? world.contract);
  if (given.key !== undefined) await page.getByLabel('WIF or NEP-2 key').fill(given.key);
}
const look = () => page.getByRole('button', { name: 'Look', exact: true }).click();

test('a file on a disk lists all that is one’s own and takes it back, with nothing but a node', {
  timeout: 120_000,
}, async () => {
  await world.send(key, 'register', { user: key.address, provider: world.provider.address, uuid: randomUUID() });
  const id = await openEscrow(world, wholeGas(2), { user: key, claimWindowMs: 600_000n });
  await world.deposit(key, wholeGas(3));
  await expectAccessible(page);
  await ask({ key: wifOf(key) });
  await look();
  await expectSum(page, 'balance', wholeGas(3));
  await expectSum(page, 'reserved', wholeGas(2));
  await expectAccessible(page);
  expect(await page.locator('input').count()).toBe(0); // the key is nowhere in the page any more

  await page.getByRole('button', { name: 'Take all of it out' }).click();
  expect((await signAndWait(page)).sentence).toContain(`Take 3 GAS out of the contract, to ${key.address}.`);
  await expectSum(page, 'balance', 0n);

  const line = page.locator('.purse-line', { hasText: `Escrow ${id}` });
  await line.getByRole('button', { name: 'Close' }).click();
  expect((await signAndWait(page)).sentence).toContain(`Close escrow ${id}.`);
  await line.getByText(/Its provider may claim until/).waitFor();
  expect(await line.getByRole('button').count()).toBe(0);
  await node.moveTime(601_000);
  await line.getByRole('button', { name: 'Take back' }).click({ timeout: 20_000 });
  expect((await signAndWait(page)).sentence).toContain(`Take back what is left of escrow ${id}.`);
  await expectSum(page, 'balance', wholeGas(2));
  await page.getByRole('button', { name: 'Take all of it out' }).click();
  await signAndWait(page);
  await page.getByRole('button', { name: 'End it' }).click();
  await signAndWait(page);
  await page.getByText('The contract holds nothing for this address.').waitFor();
  expect([await reader.balanceOf(key.address), await reader.escrowsOf(key.address)]).toEqual([0n, []]);
  expect(await reader.registrations(key.address)).toEqual([]);
  expect(complaints).toEqual([]);
  const elsewhere = asked.filter((url) => !url.startsWith('file:') && !url.startsWith(node.rpc));
  expect(elsewhere).toEqual([]);
});

test('an encrypted key and a wallet file are opened by their password alone', { timeout: 120_000 }, async () => {
  await world.deposit(key, gas(0.5));
  const encrypted = encryptKey(key.privateKey, 'right');
  await ask({ key: encrypted });
  await page.getByLabel('Password').fill('wrong');
  await look();
  await page.getByText('The password does not open this key.').waitFor({ timeout: 20_000 });
  await page.getByLabel('Password').fill('right');
  await look();
  await expectSum(page, 'balance', gas(0.5));
  await page.getByRole('button', { name: 'Forget the key' }).click();

  const file = writeWalletFile({ address: key.address, publicKey: key.publicKey, encrypted });
  await ask({});
  const chooser = page.getByLabel('Or a wallet file (NEP-6)');
  await chooser.setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer: Buffer.from('{}') });
  await page.getByText('That file is no wallet file').waitFor();
  await chooser.setInputFiles({ name: 'w.json', mimeType: 'application/json', buffer: Buffer.from(file) });
  await page.getByLabel('Password').fill('right');
  await look();
  await expectSum(page, 'balance', gas(0.5));
});

test('what is wrong is said: no key, no node, no such contract, nothing there', { timeout: 60_000 }, async () => {
  await ask({ key: 'K123' });
  await look();
  await page.getByText('This is no WIF and no NEP-2 key.').waitFor();
  await ask({ key: wifOf(key), contract: '0x12' });
  await look();
  await page.getByText('A contract is 0x and 40 hex digits.').waitFor();
  await ask({ node: 'somewhere' });
  await look();
  await page.getByText('An address begins with https:// or http://.').waitFor();
  await ask({ node: deadUrl, key: wifOf(key) });
  await look();
  await page.getByText('No node answers.').waitFor();
  await ask({ contract: `0x${'0d'.repeat(20)}`, key: wifOf(key) });
  await look();
  await page.getByText('no such contract').waitFor();
  await ask({ key: wifOf(createKey()) });
  await look();
  await page.getByText('The contract holds nothing for this address.').waitFor();
});
