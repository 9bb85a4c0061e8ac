/**
 * The allowed arrows between the rooms of the house. A service reaches outside through two borders only: the chain
 * (`chain/`, `contract/client/`) and what is stored (`database/`); no service imports another one.
 */
const services = ['indexer', 'settler', 'api'];
const borders = ['chain', 'contract/client', 'database', 'process'];
const mayImport = {
  chain: [],
  process: ['chain'],
  'contract/client': ['chain'],
  database: ['chain', 'process', 'migrations'],
  migrations: [],
  ...Object.fromEntries(services.map((service) => [service, borders])),
  cli: ['chain', 'contract/client', 'process', 'stack'],
  stack: borders,
};

const rooms = [...Object.keys(mayImport), 'contract', 'test', 'bench'];

const folder = (name) => `^${name}/`;

export default {
  forbidden: [
    ...Object.entries(mayImport).map(([name, targets]) => ({
      name: `${name}-arrows`,
      comment: `${name}/ may import ${targets.join(', ') || 'no other folder'}`,
      severity: 'error',
      from: { path: folder(name), pathNot: '\\.test\\.ts$' },
      to: {
        path: `^(${rooms.join('|')})/`,
        pathNot: [name, ...targets].map(folder),
      },
    })),
    {
      name: 'neon-js-stays-at-the-border',
      comment: 'its defects are handled in one place',
      severity: 'error',
      from: { path: '\\.ts$', pathNot: '^(chain|contract/client)/' },
      to: { path: 'node_modules/@cityofzion/' },
    },
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-tests-in-production', severity: 'error', from: { pathNot: '\\.test\\.ts$|^test/' }, to: { path: '\\.test\\.ts$|^test/' } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(node_modules|\\.krypton)/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
  },
};
