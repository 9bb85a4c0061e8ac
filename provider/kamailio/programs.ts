import { join } from 'node:path';

/** Programs of Debian that a kit needs, with the package of each, and how they are started on it. */

const modules = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/kamailio/modules`;

/** A file of each package says whether it is there. */
export const packages: Readonly<Record<string, string>> = {
  kamailio: '/usr/sbin/kamailio',
  'kamailio-extra-modules': `${modules}/acc_json.so`,
  'kamailio-python3-modules': `${modules}/app_python3.so`,
  'kamailio-tls-modules': `${modules}/tls.so`,
  'kamailio-websocket-modules': `${modules}/websocket.so`,
  'rtpengine-daemon': '/usr/bin/rtpengine',
};

export type Command = { program: string; args: string[] };

/** In the foreground; shared memory holds what is registered and the calls, 10 KB for each. */
export function kamailioCommand(kit: string): Command {
  const run = join(kit, 'run');
  const files = ['-f', join(kit, 'kamailio', 'kamailio.cfg'), '-P', join(run, 'kamailio.pid'), '-Y', run, '-w', run];
  return { program: '/usr/sbin/kamailio', args: [...files, '-DD', '-E', '-m', '256', '-M', '16'] };
}

/** Debian's package coturn, where there is a relay. */
export const turnserverCommand = (kit: string): Command => ({
  program: '/usr/bin/turnserver',
  args: ['-c', join(kit, 'turnserver.conf')],
});

export const rtpengineCommand = (kit: string): Command => ({
  program: '/usr/bin/rtpengine',
  args: ['--config-file', join(kit, 'rtpengine.conf'), '--foreground', '--log-stderr'],
});
