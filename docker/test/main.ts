// npm run test:docker: the images built, the composed stacks run, and their parts killed, for real.
import { inOneLine } from '../../stack/trouble.ts';
import { provideBaseImages } from './base-images.ts';
import { type Engine, openEngine } from './engine.ts';
import { checkComposeFiles, lintDockerfiles } from './lint.ts';
import { tryDevnet } from './try-devnet.ts';
import { tryPublic } from './try-public.ts';

const say = (line: string) => console.log(`       ${line}`);

/** Failures that a step has told. */
const told = new WeakSet<object>();

/** What was done, and how long it took. A step that fails ends the run: the next ones stand on it. */
async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const begin = performance.now();
  const seconds = () => ((performance.now() - begin) / 1000).toFixed(1);
  try {
    const result = await work();
    console.log(`ok     ${name}, ${seconds()} s`);
    return result;
  } catch (error) {
    console.log(`FAILED ${name}, ${seconds()} s: ${inOneLine(error)}`);
    if (error instanceof Error) told.add(error);
    throw error;
  }
}

async function main(): Promise<void> {
  let engine: Engine;
  try {
    engine = await openEngine(say);
  } catch (error) {
    console.log(`test:docker could build and run nothing: ${inOneLine(error)}`);
    process.exitCode = 1;
    return;
  }
  try {
    const made = await step('base images', () => provideBaseImages(engine, say));
    const missing = await step('hadolint', lintDockerfiles);
    if (missing) say(missing);
    await step('compose config', () => checkComposeFiles(engine, made.length > 0));
    const devnet = await tryDevnet(engine, { step, say });
    try {
      await tryPublic(engine, devnet, { step, say });
    } finally {
      await devnet.end();
    }
    console.log('all of docker/ is as it should be');
  } catch (error) {
    process.exitCode = 1;
    if (!(error instanceof Error && told.has(error))) console.log(`FAILED ${inOneLine(error)}`);
  } finally {
    await engine.stop();
  }
}

await main();
