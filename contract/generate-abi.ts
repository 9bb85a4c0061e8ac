import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Writes `protocol/contract/abi.ts`, the manifest's methods and notifications as TypeScript constants; with `--check` only compares. */
const manifestFile = join(import.meta.dirname, 'manifest.json');
const abiFile = join(import.meta.dirname, '..', 'protocol', 'contract', 'abi.ts');

type Parameter = { name: string; type: string };
type Method = { name: string; parameters: Parameter[]; returntype: string; safe: boolean };
type Manifest = { abi: { methods: Method[]; events: { name: string; parameters: Parameter[] }[] } };

export function abiOf(manifest: Manifest): string {
  const parameters = (list: Parameter[]) =>
    list.map(({ name, type }) => `{ name: '${name}', type: '${type}' }`).join(', ');
  const methods = manifest.abi.methods
    .filter(({ name }) => !name.startsWith('_') && name !== 'onNEP17Payment') // the chain alone calls these
    .map(
      ({ name, parameters: list, safe }) => `  { name: '${name}', safe: ${safe}, parameters: [${parameters(list)}] },`,
    );
  const events = manifest.abi.events.map(({ name, parameters: list }) => `  ${name}: [${parameters(list)}],`);
  return [
    '// Made from manifest.json by generate-abi.ts: do not edit.',
    `export const methods = [\n${methods.join('\n')}\n] as const;`,
    `export const events = {\n${events.join('\n')}\n} as const;\n`,
  ].join('\n\n');
}

if (import.meta.main) {
  const expected = abiOf(JSON.parse(await readFile(manifestFile, 'utf8')));
  if (!process.argv.includes('--check')) {
    await writeFile(abiFile, expected);
  } else if ((await readFile(abiFile, 'utf8')) !== expected) {
    console.error('protocol/contract/abi.ts differs from the manifest: run npm run contract:abi');
    process.exit(1);
  }
}
