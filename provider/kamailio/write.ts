import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { limitsJson } from './limits-file.ts';
import {
  type Places,
  registerJson,
  rtpengineConf,
  serviceEnv,
  settingsCfg,
  tlsCfg,
  turnserverConf,
  units,
} from './render.ts';
import type { KitSettings } from './settings.ts';

const own = join(import.meta.dirname, 'files');
const repository = resolve(import.meta.dirname, '..', '..');

export type Written = { written: string[]; kept: string[] };

/**
 * Writes the folder of a provider's kit. The kit's own files are overwritten, as a new version brings them; what a
 * person may have edited is kept.
 */
export function writeKit(folder: string, settings: KitSettings): Written {
  const root = resolve(folder);
  const places: Places = { folder: root, repository, secret: readSecret(root) ?? randomBytes(24).toString('hex') };
  for (const each of ['kamailio', 'run', 'systemd']) mkdirSync(join(root, each), { recursive: true });
  const result: Written = { written: [], kept: [] };
  for (const name of readdirSync(own).filter((each) => /\.(cfg|py)$/.test(each))) {
    const path = join(root, 'kamailio', name);
    writeFileSync(path, readFileSync(join(own, name)));
    result.written.push(path);
  }
  const edited: Record<string, { text: string; isSecret?: boolean }> = {
    'kamailio/settings.cfg': { text: settingsCfg(settings, places), isSecret: true },
    'kamailio/krypton_register.json': { text: registerJson(settings, places), isSecret: true },
    ...(settings.tls && { 'kamailio/tls.cfg': { text: tlsCfg(settings) } }),
    'limits.json': { text: limitsJson() },
    'service.env': { text: serviceEnv(settings, places), isSecret: true },
    ...(settings.rtpengine && { 'rtpengine.conf': { text: rtpengineConf(settings) } }),
    ...(settings.turn.length > 0 && {
      'turnserver.conf': { text: turnserverConf(settings, places), isSecret: true },
    }),
    ...Object.fromEntries(Object.entries(units(settings, places)).map(([name, text]) => [`systemd/${name}`, { text }])),
  };
  for (const [name, { text, isSecret }] of Object.entries(edited)) {
    const path = join(root, name);
    if (existsSync(path)) {
      result.kept.push(path);
      continue;
    }
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode: isSecret ? 0o600 : 0o644 });
    result.written.push(path);
  }
  // each reads its own secret and no more; whoever is another user sees none
  const kamailio = userOf('kamailio');
  for (const name of ['kamailio/settings.cfg', 'kamailio/krypton_register.json']) giveTo(kamailio, join(root, name));
  if (kamailio) chownSync(join(root, 'run'), kamailio.uid, kamailio.gid);
  if (settings.turn.length > 0) giveTo(userOf('turnserver'), join(root, 'turnserver.conf'));
  return result;
}

/** To read, and not to write. */
function giveTo(user: ReturnType<typeof userOf>, path: string): void {
  if (user === null) return;
  chownSync(path, 0, user.gid);
  chmodSync(path, 0o640);
}

/** Debian's user of a package, where files may be given to it. */
function userOf(name: string): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const [, uid, gid] = new RegExp(`^${name}:[^:]*:(\\d+):(\\d+):`, 'm').exec(readFileSync('/etc/passwd', 'utf8')) ?? [];
  return uid === undefined ? null : { uid: Number(uid), gid: Number(gid) };
}

/** Both sides have to know the same one: that of an earlier time, where there is any. */
function readSecret(root: string): string | null {
  const path = join(root, 'kamailio', 'krypton_register.json');
  if (!existsSync(path)) return null;
  return z.object({ secret: z.string().min(32) }).parse(JSON.parse(readFileSync(path, 'utf8'))).secret;
}
