// npm run build: the pages as static files, for any web server. `--devnet`: with what helps on a devnet alone.
import { parseArgs } from 'node:util';
import { buildWeb } from './build.ts';

const { values } = parseArgs({ options: { devnet: { type: 'boolean', default: false } } });
await buildWeb({ devnet: values.devnet });
