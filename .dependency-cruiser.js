/**
 * The allowed arrows between the rooms of the house; they only point down. Three floors: what all parties agree on
 * (`protocol/`); the chain and what is stored; the services, which never import each other. Guests stand above them.
 */
const floor = ['protocol', 'chain', 'database', 'process'];
const mayImport = {
  protocol: [],
  process: ['protocol'],
  chain: ['protocol'],
  migrations: [],
  database: ['protocol', 'process', 'migrations'],
  indexer: floor,
  settler: floor,
  api: floor,
  cli: ['protocol', 'chain', 'process', 'stack'],
  stack: floor,
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
      comment: 'its defects are handled in one place: transaction bytes here, NEP-2 there',
      severity: 'error',
      from: { path: '\\.ts$', pathNot: '^(protocol/contract/transaction|chain/wallet-file)\\.ts$|\\.test\\.ts$' },
      to: { path: 'node_modules/@cityofzion/' },
    },
    {
      name: 'protocol-runs-in-a-browser',
      comment: 'softphones and pages use the same code as the services',
      severity: 'error',
      from: { path: '^protocol/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'chain-runs-in-a-browser',
      comment: 'a wallet in a page reads and sends by the same code; files of a machine are opened in these two alone',
      severity: 'error',
      from: { path: '^chain/', pathNot: '^chain/(wallet-file|deploy)\\.ts$|\\.test\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'chain-runs-in-a-browser-through-no-other-file',
      comment: 'nor do the others reach a file by way of these two',
      severity: 'error',
      from: { path: '^chain/', pathNot: '^chain/(wallet-file|deploy)\\.ts$|\\.test\\.ts$' },
      to: { path: '^chain/(wallet-file|deploy)\\.ts$' },
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
