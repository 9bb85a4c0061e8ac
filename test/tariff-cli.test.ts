import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeWalletFile } from '../chain/wallet-file.ts';
import { createKey } from '../protocol/sign/key.ts';
import type { Endpoints } from '../stack/endpoints.ts';
import { openFolder, repository, tools } from '../stack/folder.ts';
import { type Options, refusal as refusalOf, krypton as run } from './harness/krypton.ts';
import { endOf, startStack, type TestStack } from './harness/stack.ts';

const folder = join(tools, `test-tariff-${process.pid}`);
const keys = { provider: createKey(), reader: createKey(), stranger: createKey() };
const provider = keys.provider.address;

const by = (wallet: keyof typeof keys): Options => ({
  cwd: folder,
  env: { KRYPTON_HOME: folder, KRYPTON_WALLET_PASSWORD: 'secret', KRYPTON_WALLET: `${wallet}.json` },
});
const krypton = (args: readonly string[], wallet: keyof typeof keys = 'provider') => run(args, by(wallet));
const refusal = (args: readonly string[], wallet: keyof typeof keys = 'provider') => refusalOf(1, args, by(wallet));

// biome-ignore lint/suspicious/noExplicitAny: the shape of each answer is what the tests look at
async function answer(args: readonly string[], wallet: keyof typeof keys = 'provider'): Promise<any> {
  const { status, stdout, stderr } = await krypton([...args, '--json'], wallet);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

const file = (name: string, ...lines: string[]) => writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const head = 'prefix,rate (GAS),increments,effective date';

let stack: (TestStack & { endpoints: Endpoints }) | undefined;
beforeAll(async () => {
  openFolder(folder);
  for (const [name, key] of Object.entries(keys))
    await writeWalletFile(join(folder, `${name}.json`), 'secret', key, name);
  stack = await startStack(folder);
  for (const name of ['provider', 'reader'] as const) {
    await answer(['devnet', 'fund', keys[name].address, '50'], name);
    await answer(['provider', 'deploy', 'sip.example.com'], name);
  }
}, 120_000);

afterAll(async () => {
  if (stack && stack.supervisor.exitCode !== null) throw new Error(`the stack ended too early:\n${stack.output()}`);
  stack?.supervisor.kill('SIGTERM');
  if (stack) await endOf(stack, 40_000);
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

/** In their order: each goes on with what the one before it has made. */
describe('prices', { timeout: 180_000 }, () => {
  const price = async (number: string) => (await answer(['tariff', 'price', number])).ratePerSecond;

  test('that are wrong are named, and nothing is made of them', async () => {
    file('bad.csv', head, '31,0.06,1/1,', '32,x,1/1,', '0031,0.06,1/1,', '33,0.06,1/1,31/12/2025');
    const before = readdirSync(folder);
    const imported = await krypton(['tariff', 'import', 'bad.csv', '--json']);
    expect(imported).toMatchObject({
      status: 1,
      stderr: 'krypton: bad.csv: 3 things are not as expected; nothing was written or published\n',
    });
    expect(JSON.parse(imported.stdout)).toMatchObject({
      faultCount: 3,
      faults: [
        { line: 3, column: 'rate (GAS)', value: 'x' },
        { line: 4, column: 'prefix', value: '+31', expected: 'expected each prefix once: it stands in line 2 already' },
        { line: 5, column: 'effective date', value: '31/12/2025' },
      ],
    });
    expect(readdirSync(folder)).toEqual(before);
    file('euro.csv', 'prefix,rate (EUR),increments', '31,1,1/1');
    expect(await refusal(['tariff', 'import', 'euro.csv'])).toContain('give --gas-price <price of a GAS in EUR>');
    expect(await refusal(['tariff', 'import', 'none.csv'])).toContain('there is no file none.csv');
    expect(await refusal(['tariff', 'check', 'none.json'])).toContain('there is no file none.json');
    expect(await refusal(['tariff', 'import', 'bad.csv', '--out', './bad.csv'])).toContain(
      'would write over your price',
    );
    file('no-deck.json', '{"version":1}');
    expect(await refusal(['tariff', 'publish', 'no-deck.json'])).toContain('no-deck.json is no rate deck: provider: ');
    expect(await refusal(['tariff', 'export'])).toContain('has no rate deck in force');
    expect(await refusal(['tariff', 'price', '+31'])).toContain('404 unknownTariff');
  });

  test('are looked at in a dry run, which changes nothing', async () => {
    file('a.csv', head, '31,0.06,1/1,2025-01-01', '3120,0.12,60/60,2025-01-01', 'default,0.6,60/60,2025-01-01');
    const seen = await answer(['tariff', 'import', 'a.csv', '--dry-run']);
    expect(seen).toMatchObject({ provider, entries: 3, inForce: null, counts: { new: 3, dearer: 0, gone: 0 } });
    expect(existsSync(join(folder, 'a.deck.json'))).toBe(false);
    const { stdout } = await krypton(['tariff', 'import', 'a.csv', '--dry-run', '--show', '1']);
    expect(stdout).toMatch(/no deck is in force yet.*3 new.*\+31 .*and 2 more.*nothing was written or published/s);
    expect(await refusal(['tariff', 'export'])).toContain('has no rate deck in force');
  });

  test('are imported, checked and published in one step; the price follows', async () => {
    const imported = await answer(['tariff', 'import', 'a.csv']);
    expect(imported).toMatchObject({ file: 'a.deck.json', provider, entries: 3, lines: 3, roundingCount: 0 });
    expect(await answer(['tariff', 'check', 'a.deck.json'])).toMatchObject({ hash: imported.hash, standing: 'other' });
    const published = await answer(['tariff', 'publish', 'a.deck.json']);
    expect(published).toMatchObject({ hash: imported.hash, handedIn: true, setOnChain: true, isInForce: true });
    expect(published.txHash).toMatch(/^0x/);
    expect(await answer(['provider', 'show', provider])).toMatchObject({
      tariffHash: imported.hash,
      tariffUri: published.uri,
    });
    expect([await price('+31301'), await price('+31201'), await price('+49301')]).toEqual([
      '100000',
      '200000',
      '1000000',
    ]);
    const text = (await krypton(['tariff', 'price', '+31201', '--minutes', '1.5'])).stdout;
    expect(text).toMatch(/entry +\+3120\n.*120 s for 1\.5 min\nprice +0\.24 GAS \(24000000 datoshi\)/s);
  });

  test('are not published twice', async () => {
    const again = await answer(['tariff', 'publish', 'a.deck.json']);
    expect(again).toMatchObject({ handedIn: false, setOnChain: false, isInForce: true, txHash: null });
    expect((await krypton(['tariff', 'publish', 'a.deck.json'])).stdout).toContain('Already in force');
    expect(await answer(['tariff', 'check', 'a.deck.json'])).toMatchObject({ standing: 'inForce' });
    const elsewhere = await answer(['tariff', 'publish', 'a.deck.json', '--uri', 'https://example.com/deck.json']);
    expect(elsewhere).toMatchObject({ handedIn: false, setOnChain: true, uri: 'https://example.com/deck.json' });
  });

  test('come back as a file that makes the same deck', async () => {
    const exported = await answer(['tariff', 'export', '--out', 'back.csv']);
    expect(await answer(['tariff', 'import', 'back.csv'])).toMatchObject({ hash: exported.hash });
    expect(read('back.deck.json')).toBe(read('a.deck.json'));
    expect(await krypton(['tariff', 'export', 'a.deck.json'])).toMatchObject({ stdout: read('back.csv'), stderr: '' });
    file('empty.json', read('a.deck.json').replace('"increment":1}', '"increment":1,"description":""}'));
    const { status, stderr } = await krypton(['tariff', 'export', 'empty.json']);
    expect([status, stderr]).toEqual([0, expect.stringContaining('entries with an empty description: 1;')]);
    expect(await answer(['tariff', 'check', 'back.csv'])).toMatchObject({ standing: 'inForce' });
  });

  test('that change are told apart, against the deck in force', async () => {
    file('b.csv', head, '31,0.03,1/1,', '3120,0.18,60/60,', '3130,0.06,1/1,', '3150,0.03,1/1,', '3210,0.6,1/1,');
    const { counts, first, inForce } = await answer(['tariff', 'import', 'b.csv', '--dry-run']);
    expect(inForce).toMatchObject({ entries: 3, isKnown: true });
    expect(counts).toEqual({ dearer: 1, gone: 1, mixed: 0, cheaper: 2, new: 0, increments: 1 });
    expect(first.dearer).toMatchObject([{ prefix: '+3120', before: { prefix: '+3120' }, after: { prefix: '+3120' } }]);
    expect(first.gone).toMatchObject([{ prefix: '', after: null }]);
    expect(first.cheaper).toMatchObject([{ prefix: '+31' }, { prefix: '+3150', before: { prefix: '+31' } }]);
    expect(first.increments).toMatchObject([{ prefix: '+3210', before: { prefix: '' }, price: 'same' }]);
    const { stdout } = await krypton(['tariff', 'check', 'b.csv']);
    expect(stdout).toMatch(/standing +it is not published/);
    expect(stdout).toMatch(/1 dearer\n +prefix .*\n +\+3120 +0\.12\/min 60\/60 +0\.18\/min 60\/60 +\+50\.0 %\n/);
    expect(await price('+31301')).toBe('100000');
  });

  test('of the future are on chain and wait; the deck of today, published again, takes their place', async () => {
    file('c.csv', head, 'default,1.2,1/1,2099-01-01');
    await answer(['tariff', 'import', 'c.csv', '--out', 'c.json']);
    const published = await answer(['tariff', 'publish', 'c.json']);
    expect(published).toMatchObject({ setOnChain: true, isInForce: false, effectiveFrom: '2099-01-01T00:00:00.000Z' });
    expect(await answer(['tariff', 'check', 'c.json'])).toMatchObject({ standing: 'onChain' });
    const { contract, api } = stack?.endpoints ?? {};
    const withoutNode = { cwd: folder, env: { KRYPTON_HOME: '/nowhere' } };
    const checked = await run(
      ['tariff', 'check', 'c.json', '--json', '--api', `${api}`, '--contract', `${contract}`],
      withoutNode,
    );
    expect(JSON.parse(checked.stdout)).toMatchObject({ standing: 'onChain' });
    expect(await answer(['tariff', 'publish', 'c.json'])).toMatchObject({ setOnChain: false, isInForce: false });
    expect(await price('+49301')).toBe('1000000');
    const back = await answer(['tariff', 'publish', 'a.deck.json']);
    expect(back).toMatchObject({ handedIn: false, setOnChain: true, isInForce: true });
  });

  test('whose hash is on chain without a document are handed in, without another transaction', async () => {
    const { hash } = await answer(['tariff', 'import', 'b.csv', '--effective-from', '2025-06-01']);
    await answer(['provider', 'set-tariff', 'https://example.com/deck.json', hash]);
    expect(await refusal(['tariff', 'export'])).toContain(`nobody has handed in the deck ${hash}`);
    expect(await answer(['tariff', 'check', 'b.deck.json'])).toMatchObject({ standing: 'handIn' });
    const handedIn = await answer(['tariff', 'publish', 'b.deck.json']);
    expect(handedIn).toMatchObject({ handedIn: true, setOnChain: false, isInForce: true });
    expect(await price('+31301')).toBe('100000');
    expect(await price('+3199')).toBe('50000');
  });

  test('are their provider’s alone', async () => {
    expect(await refusal(['tariff', 'publish', 'a.deck.json'], 'reader')).toContain(`the deck is that of ${provider}`);
    expect(await refusal(['tariff', 'check', 'a.deck.json'], 'reader')).toContain(`is the deck of ${provider}, not of`);
    await answer(['tariff', 'import', 'a.csv', '--out', 'stranger.deck.json'], 'stranger');
    expect(await refusal(['tariff', 'publish', 'stranger.deck.json'], 'stranger')).toContain('is no provider yet');
    const foreign = await answer(['tariff', 'price', '+3199', '--provider', provider], 'stranger');
    expect(foreign).toMatchObject({ provider, entry: '+31', ratePerSecond: '50000' });
  });
});

const page = readFileSync(join(repository, 'docs', 'tariffs.md'), 'utf8');
const blocks = (kind: string) =>
  [...page.matchAll(new RegExp(`<!-- ${kind}: (\\S+) -->\n\`\`\`\n(.*?)\`\`\``, 'gs'))].map(
    ([, name = '', text = '']) => [name, text] as const,
  );

test('the commands of the page about prices do what it says, in its order', { timeout: 180_000 }, async () => {
  for (const [name, text] of blocks('file')) writeFileSync(join(folder, name), text);
  const outputs = new Map(blocks('output'));
  const commands = [...page.matchAll(/^ {4}npx krypton (.*?)(?: +# .*)?$/gm)].map(([, command = '']) => command);
  expect(commands).toHaveLength(10);
  for (const command of commands) {
    const { status, stdout, stderr } = await krypton(command.split(' '), 'reader');
    const expected = [...outputs].find(([name]) => command.endsWith(name))?.[1];
    const line = expected ? 'krypton: wrong.csv: 2 things are not as expected; nothing was written or published\n' : '';
    expect({ command, status, stderr }).toEqual({ command, status: expected ? 1 : 0, stderr: line });
    if (expected) expect(stdout).toBe(expected);
  }
  const { ratePerSecond } = await answer(['tariff', 'price', '+31612345678'], 'reader');
  expect(ratePerSecond).toBe('16667'); // 0.0425 / 60 / 4.25 GAS
});
