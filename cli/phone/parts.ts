import { existsSync, mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { type Command, kamailioCommand, packages, rtpengineCommand } from '../../provider/kamailio/programs.ts';
import type { Ports } from '../../provider/kamailio/settings.ts';
import { installPackage } from '../../stack/apt.ts';
import { type Part, startPart, waitUntilReady } from '../../stack/part.ts';
import { serviceEnvironment } from '../kit.ts';

/** The processes of a provider's machine, each bound to this one. */

const readyTimeoutMs = 30_000;
const stopTimeoutMs = 12_000;

/** Debian's packages, where they are missing and may be installed. @throws Trouble */
export async function providePrograms(say: (text: string) => void): Promise<void> {
  for (const [name, file] of Object.entries(packages)) {
    if (existsSync(file)) continue;
    say(`installing ${name}`);
    await installPackage(name);
  }
}

/** rtpengine before Kamailio, which would take it for dead for a minute. @throws Trouble */
export async function startParts(kit: string, ports: Ports): Promise<Part[]> {
  const main = resolve(import.meta.dirname, '..', '..', 'provider', 'service', 'main.ts');
  const service = start(kit, 'wallet-service', { program: process.execPath, args: [main] }, serviceEnvironment(kit));
  await waitUntilReady(service, () => listens(ports.service), readyTimeoutMs);
  const rtpengine = start(kit, 'rtpengine', rtpengineCommand(kit));
  const kamailio = start(kit, 'kamailio', kamailioCommand(kit));
  await waitUntilReady(kamailio, () => listens(ports.ws), readyTimeoutMs);
  return [kamailio, rtpengine, service];
}

function start(kit: string, name: string, { program, args }: Command, env = process.env): Part {
  const logs = join(kit, 'logs');
  mkdirSync(logs, { recursive: true });
  const plan = {
    name,
    command: program,
    args,
    env,
    logFile: join(logs, `${name}.log`),
    deathSignal: 'SIGTERM',
    stopSignal: 'SIGTERM',
    stopTimeoutMs,
  } as const;
  return startPart(plan, () => {});
}

function listens(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => done(true));
    socket.on('error', () => done(false)).on('connect', () => socket.destroy());
  });
}
