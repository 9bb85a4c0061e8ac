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
  provider: ['protocol', 'chain', 'process'],
  // to write the files of a provider's kit; its service is asked over HTTP
  cli: ['protocol', 'chain', 'process', 'stack', 'provider/kamailio'],
  stack: floor,
  docker: [...floor, 'stack'],
  web: ['protocol', 'chain'],
};

const rooms = [...Object.keys(mayImport), 'contract', 'test', 'bench'];

/** The files of chain/ that a browser can't run. */
const nodeOnly = '^chain/(wallet-file|deploy)\\.ts$';

/** What a browser runs: the floor, and the pages but for what builds and tries them. */
const browsers = '^(protocol|chain|test/browser/page|web/(?!build/|test/))/?';

const folder = (name) => `^${name}/`;

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...Object.entries(mayImport).map(([name, targets]) => ({
      name: `${name}-arrows`,
      comment: `${name}/ may import ${targets.join(', ') || 'no other folder'}`,
      severity: 'error',
      from: { path: folder(name), pathNot: ['\\.test\\.ts$', '^web/test/'] },
      to: {
        path: `^(${rooms.join('|')})/`,
        pathNot: [name, ...targets].map(folder),
      },
    })),
    {
      name: 'neon-js-stays-at-the-border',
      comment: 'for NEP-2 alone; what pages load has none of its 432 kB',
      severity: 'error',
      from: { path: '\\.tsx?$', pathNot: '^(chain/wallet-file|bench/indexer/naive-loop)\\.ts$|\\.test\\.ts$' },
      to: { path: 'node_modules/@cityofzion/' },
    },
    {
      name: 'runs-in-a-browser',
      comment: 'softphones and pages use the same code as the services; tsconfig.browser.json has the same files',
      severity: 'error',
      from: { path: browsers, pathNot: ['\\.test\\.ts$', nodeOnly] },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-detour-to-node',
      comment: 'what imports a file that needs Node.js needs it too',
      severity: 'error',
      from: { path: browsers, pathNot: ['\\.test\\.ts$', nodeOnly] },
      to: { path: nodeOnly },
    },
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-tests-in-production', severity: 'error', from: { pathNot: '\\.test\\.ts$|^(web/)?test/' }, to: { path: '\\.test\\.ts$|^(web/)?test/' } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(node_modules|\\.krypton)/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
  },
};
