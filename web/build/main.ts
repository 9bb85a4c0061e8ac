// npm run build: the pages as static files, for any web server. `--devnet`: with what helps on a devnet alone. `--out FOLDER`.
import { parseArgs } from 'node:util';
import { buildWeb } from './build.ts';

const { values } = parseArgs({ options: { devnet: { type: 'boolean', default: false }, out: { type: 'string' } } });
await buildWeb({ devnet: values.devnet, ...(values.out ? { dist: values.out } : {}) });
