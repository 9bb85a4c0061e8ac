import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { openGateway } from '../cli/phone/gateway.ts';
import { packages } from '../provider/kamailio/programs.ts';
import { repository, tools } from '../stack/folder.ts';
import { pickPort } from '../stack/ports.ts';
import { hasKamailio } from './harness/kamailio.ts';
import { pickPorts } from './harness/provider.ts';
import { hasRtpengine } from './harness/rtpengine.ts';
import { endOf, eventually, startStack, type TestStack } from './harness/stack.ts';

const page = readFileSync(join(repository, 'docs', 'provider.md'), 'utf8');
const blocks = [...page.matchAll(/(<!-- system -->\n)?```sh\n(.*?)```/gs)].map(([, system, text = '']) => {
  return { isSystem: system !== undefined, text };
});
const canRun = (await hasKamailio()) && (await hasRtpengine());
const folder = join(tools, `test-guide-${process.pid}`);
const stopTimeoutMs = 40_000;
let stack: TestStack | undefined;
const started: ChildProcess[] = [];
afterAll(async () => {
  for (const child of started) {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.kill('SIGTERM')) await ended;
  }
  stack?.supervisor.kill('SIGTERM');
  if (stack) await endOf(stack, stopTimeoutMs);
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

describe('the guide for providers', () => {
  test('installs the packages that the kit needs', () => {
    const install = blocks.find(({ text }) => text.startsWith('apt-get install'))?.text ?? '';
    for (const name of Object.keys(packages)) expect(install).toMatch(new RegExp(`\\s${name}\\s`));
  });

  test.runIf(canRun)(
    'leads from nothing to the first paid call, command by command',
    { timeout: 400_000 },
    async () => {
      const running = await startStack(folder);
      stack = running;
      const [ports, gatewayPort] = [await pickPorts(), await pickPort(new Set())];
      const gateway = await openGateway(gatewayPort, () => {});
      const work = join(folder, 'guide');
      mkdirSync(work);
      const variables: NodeJS.ProcessEnv = {
        KRYPTON_HOME: folder,
        OPERATOR: running.endpoints.operator,
        ADDRESS: '127.0.0.1',
        GATEWAY_PORT: String(gatewayPort),
        SIP_PORT: String(ports.sip),
        WS_PORT: String(ports.ws),
        SERVICE_PORT: String(ports.service),
        KAMAILIO_PORT: String(ports.kamailio),
        RTPENGINE_PORT: String(ports.rtpengine),
      };
      const shell = openShell(work, variables);
      let output = '';
      for (const { isSystem, text } of blocks) {
        if (!isSystem) output += await shell.run(text);
        else if (text.includes('systemctl enable')) {
          started.push(...startUnits(join(work, 'kit')));
          await eventually(() => isReady(ports.service, ports.ws), 60_000);
        }
      }
      expect(output).toContain('ok      settled');
      expect(output).not.toContain('FAILED');
      shell.end();
      gateway.close();
    },
  );
});

/** One bash for all blocks, as a person has one: variables stay. */
function openShell(cwd: string, variables: NodeJS.ProcessEnv) {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('KRYPTON_'));
  const child = spawn('bash', ['-s'], { cwd, env: { ...Object.fromEntries(own), ...variables } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  const ended = new Promise<never>((_, reject) => {
    child.once('exit', (status) => reject(new Error(`the shell ended with ${status}: ${output.slice(-2_000)}`)));
  });
  ended.catch(() => undefined);
  child.stdin.write(`set -euo pipefail\nnpx() { shift; ${join(repository, 'cli', 'krypton')} "$@"; }\n`);
  let blocksRun = 0;
  return {
    run: async (text: string): Promise<string> => {
      blocksRun += 1;
      const [mark, from] = [`--- block ${blocksRun} is done ---`, output.length];
      child.stdin.write(`${text}\necho '${mark}'\n`);
      const done = (async () => {
        while (!output.includes(mark)) await new Promise((resolve) => setTimeout(resolve, 50));
        return output.slice(from);
      })();
      return Promise.race([done, ended]);
    },
    end: () => child.stdin.end(),
  };
}

/** As `systemctl status` would say of them. */
async function isReady(service: number, kamailio: number): Promise<true | undefined> {
  const answers = [service, kamailio].map((port) =>
    fetch(`http://127.0.0.1:${port}/healthz`).then(
      () => true,
      () => false,
    ),
  );
  return (await Promise.all(answers)).every(Boolean) ? true : undefined;
}

/** What systemd would do with the units: their commands with their environment, in the order that they name. */
function startUnits(kit: string): ChildProcess[] {
  return ['provider', 'rtpengine', 'kamailio'].map((name) => {
    const unit = readFileSync(join(kit, 'systemd', `krypton-${name}.service`), 'utf8');
    const [command = '', ...args] = /^ExecStart=(.*)$/m.exec(unit)?.[1]?.split(' ') ?? [];
    const file = /^EnvironmentFile=(.*)$/m.exec(unit)?.[1];
    const env = file === undefined ? {} : parseEnv(readFileSync(file, 'utf8'));
    return spawn(command, args, { env: { PATH: process.env.PATH, ...env } as NodeJS.ProcessEnv, stdio: 'ignore' });
  });
}
