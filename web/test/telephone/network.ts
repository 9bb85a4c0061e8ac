import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A network of its own for a browser, with one cable to this machine, which can be pulled out. */
export type Network = {
  /** Runs a program there: for it, 127.0.0.1 is this machine. */
  program(path: string): string;
  /** What it is known by to this machine. */
  address(): string;
  /** The cable is out: nobody is told of it, and nothing gets through. */
  cut(): void;
  mend(): void;
  /** Another address, as from one Wi-Fi to the next. */
  move(): void;
  close(): void;
};

/** False, and one line that says why: making networks takes root and iproute2 and iptables of Debian. */
export function hasNetworks(): boolean {
  const missing = ['/usr/sbin/ip', '/usr/sbin/iptables'].filter((path) => !existsSync(path));
  const why = process.getuid?.() === 0 ? missing.join(' ') : 'nobody but root makes networks';
  if (why) console.warn(`the tests with a network of their own are skipped: ${why}`);
  return why === '';
}

export function openNetwork(): Network {
  const name = `krypton-${process.pid}`;
  const cable = `kr${process.pid}`;
  // of a range that is for trying networks (RFC 2544)
  const at = (host: number) => `198.18.${process.pid % 256}.${host}`;
  const folder = mkdtempSync(join(tmpdir(), 'krypton-network-'));
  let own = at(2);
  const run = (program: string, ...args: string[]) => execFileSync(program, args);
  const ip = (command: string) => run('ip', ...command.split(' '));
  const there = (command: string) => run('ip', 'netns', 'exec', name, ...command.split(' '));
  const forward = (how: '-A' | '-D') =>
    run('iptables', ...`-t nat ${how} PREROUTING -i ${cable} -d ${at(1)} -j DNAT --to 127.0.0.1`.split(' '));

  function arrive(address: string): void {
    own = address;
    ip(`-n ${name} address add ${own}/24 dev eth0`);
    ip(`-n ${name} route add default via ${at(1)}`);
    there(`iptables -t nat -A POSTROUTING -o eth0 -s 127.0.0.1 -j SNAT --to ${own}`);
  }

  ip(`netns add ${name}`);
  ip(`link add ${cable} type veth peer name eth0 netns ${name}`);
  ip(`address add ${at(1)}/24 dev ${cable}`);
  ip(`link set ${cable} up`);
  for (const each of ['lo', 'eth0']) ip(`-n ${name} link set ${each} up`);
  // packets to and from the loopback may cross the cable
  writeFileSync(`/proc/sys/net/ipv4/conf/${cable}/route_localnet`, '1');
  there('sysctl -q net.ipv4.conf.all.route_localnet=1');
  there(`iptables -t nat -A OUTPUT -d 127.0.0.1 -j DNAT --to ${at(1)}`);
  forward('-A');
  arrive(own);

  return {
    program: (path) => {
      const script = join(folder, 'program');
      writeFileSync(script, `#!/bin/sh\nexec ip netns exec ${name} ${path} "$@"\n`);
      chmodSync(script, 0o755);
      return script;
    },
    address: () => own,
    cut: () => ip(`link set ${cable} down`),
    mend: () => ip(`link set ${cable} up`),
    move: () => {
      there('iptables -t nat -F POSTROUTING');
      ip(`-n ${name} address flush dev eth0`);
      arrive(own === at(2) ? at(3) : at(2));
    },
    close: () => {
      forward('-D');
      ip(`link delete ${cable}`);
      ip(`netns delete ${name}`);
      rmSync(folder, { recursive: true });
    },
  };
}
