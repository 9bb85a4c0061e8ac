import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { installPackage } from '../../stack/apt.ts';
import { findGo, readGoModule } from '../../stack/go.ts';
import { run } from '../../stack/run.ts';
import { inOneLine, Trouble } from '../../stack/trouble.ts';
import type { Engine } from './engine.ts';

const standIn = join(import.meta.dirname, 'stand-in');
const debootstrap = '/usr/sbin/debootstrap';
const base = 'krypton-test-debian:trixie';
/** A current Compose, to see that it reads the files too. */
export const composeImage = 'krypton-test-compose:trixie';

const FETCH_LIMIT_MS = 600_000;

/** The stage of stand-in/Dockerfile for each base image, by the beginning of its name. */
const stages = [
  ['node:', 'nodejs'],
  ['golang:', 'go'],
  ['postgres:', 'postgres'],
  ['valkey/', 'valkey'],
  ['caddy:', 'caddy'],
] as const;

/** As base.yml names them. */
export function readBaseImages(text = readFileSync(join(import.meta.dirname, '..', 'base.yml'), 'utf8')): string[] {
  const named = [...text.matchAll(/^ +(?:image|NODEJS|GO): (\S+)$/gm)].map(([, image]) => image as string);
  return [...new Set(named.filter((image) => !image.startsWith('krypton-')))];
}

/** Sees to it that all base images are there: pulled, or made here. Answers those that were made. */
export async function provideBaseImages(engine: Engine, say: (line: string) => void): Promise<string[]> {
  const made: string[] = [];
  let context: string | undefined;
  try {
    for (const image of readBaseImages()) {
      if (await isThere(engine, image)) {
        if (await isStandIn(engine, image)) made.push(image);
        continue;
      }
      if (await pull(engine, image)) continue;
      context ??= await makeContext(engine, say);
      await build(engine, context, stageOf(image), image);
      made.push(image);
      say(`${image} can't be pulled: made from Debian's packages`);
    }
    if (made.length > 0 && !(await isThere(engine, composeImage))) {
      context ??= await makeContext(engine, say);
      await build(engine, context, 'compose', composeImage);
    }
  } finally {
    if (context) rmSync(context, { recursive: true });
  }
  return made;
}

const isThere = (engine: Engine, image: string) =>
  engine.docker('image', 'inspect', image).then(
    () => true,
    () => false,
  );

const isStandIn = async (engine: Engine, image: string) =>
  (await engine.docker('image', 'inspect', '--format', '{{json .Config.Labels}}', image)).includes(label);

const label = 'krypton.stand-in';

let registry: 'unknown' | 'away' = 'unknown';

async function pull(engine: Engine, image: string): Promise<boolean> {
  if (registry === 'away') return false;
  try {
    await engine.docker('pull', '--quiet', image);
    return true;
  } catch (error) {
    registry = 'away';
    if (/manifest|not found/.test(inOneLine(error))) throw error; // the registry answers, and does not know it
    return false;
  }
}

function stageOf(image: string): string {
  const stage = stages.find(([start]) => image.startsWith(start))?.[1];
  if (!stage) throw new Trouble(`${image}: docker/test/stand-in/Dockerfile has no stand-in for it`);
  return stage;
}

const build = (engine: Engine, context: string, stage: string, image: string) =>
  engine.docker('build', '--quiet', '--label', `${label}=yes`, '--target', stage, '--tag', image, context);

/** What the stand-ins are built from: a Debian, this machine's Node.js, npm, Go and certificates. */
async function makeContext(engine: Engine, say: (line: string) => void): Promise<string> {
  await provideDebian(engine, say);
  const context = mkdtempSync(join(tmpdir(), 'krypton-stand-in-'));
  cpSync(standIn, context, { recursive: true });
  mkdirSync(join(context, 'nodejs'));
  cpSync(process.execPath, join(context, 'nodejs', 'node'));
  const npm = process.env.npm_execpath;
  if (!npm) throw new Trouble('npm run test:docker starts this: npm says then where it is');
  cpSync(dirname(dirname(npm)), join(context, 'nodejs', 'npm'), { recursive: true, dereference: true });
  const go = await findGo(readGoModule().go, say);
  const root = await run(go, ['env', 'GOROOT'], { timeoutMs: FETCH_LIMIT_MS, cwd: '/' });
  cpSync(root.trim(), join(context, 'go'), { recursive: true, dereference: true });
  cpSync('/etc/ssl/certs/ca-certificates.crt', join(context, 'ca-certificates.crt'), { dereference: true });
  return context;
}

async function provideDebian(engine: Engine, say: (line: string) => void): Promise<void> {
  if (await isThere(engine, base)) return;
  if (!existsSync(debootstrap)) await installPackage('debootstrap');
  const folder = mkdtempSync(join(tmpdir(), 'krypton-debian-'));
  try {
    say('no registry of images: debootstrap makes a Debian');
    const root = join(folder, 'root');
    await run(debootstrap, ['--variant=minbase', 'trixie', root], { timeoutMs: FETCH_LIMIT_MS });
    const archive = join(folder, 'root.tar');
    await run('tar', ['-C', root, '-cf', archive, '.'], { timeoutMs: FETCH_LIMIT_MS });
    await engine.docker('import', archive, base);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
