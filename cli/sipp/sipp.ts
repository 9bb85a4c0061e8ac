import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSip, type SipMessage } from '../phone/sip-message.ts';

/** SIPp, of Debian's `sip-tester`: it knows nothing of us, and so shows that any telephone will do. */

const program = '/usr/bin/sipp';

export const hasSipp = (): boolean => existsSync(program);

export type SippRun = {
  scenario: string;
  proxy: { host: string; port: number };
  /** The same one each time is the same connection to the proxy. */
  localPort: number;
  mediaPort?: number;
  callId?: string;
  limitMs?: number;
};

/** `got`: what it was sent, in order. `done`: the scenario came to its end; a refusal is one too. */
export type SippResult = { done: boolean; got: SipMessage[] };

const LIMIT_MS = 60_000;

/** Runs a scenario once. What it hears it says back: so there is sound in both directions. */
export async function runSipp(given: SippRun): Promise<SippResult> {
  const { scenario, proxy, localPort, mediaPort, callId, limitMs = LIMIT_MS } = given;
  const folder = mkdtempSync(join(tmpdir(), 'krypton-sipp-'));
  const [script, messages] = [join(folder, 'scenario.xml'), join(folder, 'messages')];
  writeFileSync(script, scenario);
  try {
    const status = await run(
      [
        ...[`${proxy.host}:${proxy.port}`, '-sf', script, '-m', '1', '-nostdin', '-nd'],
        ...['-i', proxy.host, '-p', String(localPort), '-timeout', `${Math.ceil(limitMs / 1000)}s`],
        ...['-trace_msg', '-message_file', messages],
        ...(mediaPort === undefined ? [] : ['-mi', proxy.host, '-mp', String(mediaPort), '-rtp_echo']),
        ...(callId === undefined ? [] : ['-cid_str', callId]),
      ],
      folder,
    );
    return { done: status === 0, got: existsSync(messages) ? received(readFileSync(messages, 'utf8')) : [] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(args: readonly string[], cwd: string): Promise<number | null> {
  const child = spawn(program, args, { cwd, stdio: 'ignore', env: { ...process.env, TERM: 'dumb' } });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
}

/** Its log has each message below a line that says which way it went. */
function received(log: string): SipMessage[] {
  return log
    .split(/^-{20,} .*$/m)
    .map((part) => /^\S+ message received .*?:\s*\n\n([\s\S]*)/m.exec(part)?.[1])
    .filter((text) => text !== undefined)
    .map((text) => readSip(text.replaceAll(/\r?\n/g, '\r\n')));
}
