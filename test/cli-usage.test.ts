import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createKey } from '../protocol/sign/key.ts';
import { deadUrl, krypton, launcher, refusal } from './harness/krypton.ts';

const nobody = createKey().address;
/** No stack runs in a folder that is not there. */
const env = { KRYPTON_HOME: '/nowhere', KRYPTON_WALLET_PASSWORD: 'secret' };

describe('the command itself', { timeout: 60_000 }, () => {
  test('runs through a link, and has a version', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'krypton-'));
    const command = join(folder, 'linked');
    symlinkSync(launcher, command);
    expect(await krypton(['--version'], { command, env })).toMatchObject({ status: 0, stdout: '0.1.0\n' });
    rmSync(folder, { recursive: true });
  });

  test.concurrent.each([
    ...['', 'devnet fund', 'wallet import', 'deploy', 'provider deploy', 'register', 'query', 'deposit', 'withdraw'],
    ...[
      'escrow open',
      'voucher key create',
      'voucher submit',
      'cdr submit',
      'cdr proof',
      'audit verify',
      'tariff',
      'tariff import',
      'tariff check',
      'tariff publish',
      'tariff export',
      'tariff price',
      'settlements',
      'status',
      ...['init', 'serve', 'doctor', 'calls', 'hangup', 'registrations', 'limits', 'earnings', 'number add'].map(
        (name) => `provider ${name}`,
      ),
      ...['provider number remove', 'provider number list', 'demo'],
      'settler parked',
      'settler release',
    ],
  ])('krypton %s --help explains itself with an example', async (command) => {
    const words = command.split(' ').filter(Boolean);
    const { status, stdout } = await krypton([...words, '--help'], { env });
    expect(status).toBe(0);
    expect(stdout).toMatch(/Examples:\n {2}\$ krypton /);
  });

  test.concurrent.each([
    [[], 'a command is missing'],
    [['escrow'], 'a command is missing'],
    [['escow'], "unknown command 'escow' (Did you mean escrow?)"],
    [['balance'], "missing required argument 'address'"],
    [['balance', 'Nxyz'], "address 'Nxyz': expected a NEO N3 address (N…, 34 characters)"],
    [['deposit', '1,5'], "GAS '1,5': expected an amount of GAS"],
    [['deposit', '-5'], "GAS '-5': expected an amount of GAS"],
    [['deposit', '0.123456789'], 'at most 8 decimals'],
    [['escrow', 'open', nobody, '1'], "required option '--rate <datoshi>' not specified"],
    [['escrow', 'open', nobody, '1', '--rate', '1', '--duration', '5'], 'expected a duration of days'],
    [['query', 'name', nobody], 'Allowed choices are uuid, provider, location'],
    [['register', nobody, 'abc'], 'expected a version 4 UUID'],
    [['settlement', '0x12'], 'expected a transaction hash'],
    [['voucher', 'submit', '1', '1', 'ab'], 'expected 128 hex digits'],
    [['tariff', 'import', 'a.csv', '--gas-price', '0'], 'expected a price above 0'],
    [['tariff', 'import', 'a.csv', '--gas-price', '4,25'], 'expected a price above 0, with a decimal point'],
    [['tariff', 'import', 'a.csv', '--columns', 'cost=A'], "'cost=A': expected <field>=<column> with one of prefix"],
    [['tariff', 'import', 'a.csv', '--increments', '0/1'], 'expected whole seconds from 1 to 3600'],
    [['tariff', 'import', 'a.csv', '--effective-from', 'today'], 'expected a day or a time in UTC'],
    [['tariff', 'import', 'a.csv', '--delimiter', 'x'], 'expected one character, or the word tab'],
    [['tariff', 'price', '+31', '--minutes', '0,5'], 'expected minutes, as in 1 or 2.5'],
    [['balance', nobody, '--network', 'privnet'], 'expected mainnet, testnet or a magic number'],
  ])('wrong usage: %j', async (args, message) => {
    expect(await refusal(2, args, { env })).toContain(message);
  });
});

describe('refused without a stack', { timeout: 60_000 }, () => {
  const [rpc, contract, network] = [
    ['--rpc', deadUrl],
    ['--contract', `0x${'1'.repeat(40)}`],
    ['--network', 'testnet'],
  ];
  test.concurrent.each([
    ['no settings', ['balance', nobody], {}, 'run npm start, or give --rpc <url> and --contract'],
    ['no contract', ['balance', nobody, ...rpc], {}, 'give --contract <hash>'],
    ['no devnet', ['devnet', 'fund', nobody, '1'], {}, 'no devnet runs on this machine'],
    ['no API', ['settlements'], {}, 'no API is known: run npm start, or give --api'],
    ['mistyped variable', ['status'], { env: { KRYPTON_RPCURL: '1' } }, 'did you mean KRYPTON_RPC_URL?'],
    ['node down', ['balance', nobody, ...rpc, ...contract], {}, `${deadUrl} does not answer`],
    ['API down', ['settlements', '--api', deadUrl], {}, `the API at ${deadUrl} does not answer`],
    ['no network', ['deposit', '1', ...rpc, ...contract, '--wallet', 'x'], {}, 'for which network shall be signed?'],
    ['no wallet', ['deposit', '1', ...rpc, ...contract, ...network], {}, 'whose wallet signs? give --wallet'],
    ['no voucher key', ['voucher', 'sign', '1', '1', '--key', 'none', ...network], {}, "can't read the key file none"],
    ['no file', ['cdr', 'submit', 'none.json', '--wallet', 'x'], {}, 'there is no file none.json'],
    [
      'a key twice',
      ['cdr', 'submit', '-', '--wallet', 'x'],
      { input: '[{"callId":"a"},{"callId":"b","callId":"c"}]' },
      'the key "callId" stands twice at 1.callId',
    ],
    ['no provider', ['tariff', 'import', 'none.csv'], {}, 'whose deck is it? give --provider'],
    ['no list', ['tariff', 'import', 'none.csv', '--provider', nobody], {}, 'there is no file none.csv'],
    ['no proof file', ['audit', 'verify', 'none.json', ...rpc], {}, 'there is no file none.json'],
    ['a proof of another form', ['audit', 'verify', '-', ...rpc], { input: '{}' }, 'is no proof: format: '],
    ['a proof that is no JSON', ['audit', 'verify', '-', ...rpc], { input: 'yes' }, 'it is no JSON'],
    ['no JSON', ['cdr', 'submit', '-', '--wallet', 'x'], { input: 'calls' }, 'standard input is no JSON'],
  ] as const)('%s', async (_, args, options, message) => {
    expect(await refusal(1, args, { ...options, env: { ...env, ...('env' in options && options.env) } })).toContain(
      message,
    );
  });
});
