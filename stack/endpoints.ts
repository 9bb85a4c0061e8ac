import { rmSync } from 'node:fs';
import { type Folder, writePrivately } from './folder.ts';

/** `.krypton/endpoints.json`: where everything of a running stack is. Holds passwords: for its owner alone. */
export interface Endpoints {
  readonly rpc: string;
  readonly ws: string;
  readonly api: string;
  /** The softphone's page. */
  readonly phone: string;
  readonly postgres: string;
  readonly redis: string;
  /** The network number that transactions are signed for. */
  readonly network: number;
  readonly contract: string;
  /** Address of the settler's account. */
  readonly operator: string;
  /** Process id by part; a part that runs elsewhere has none. */
  readonly processes: Readonly<Record<string, number>>;
}

export function writeEndpoints(folder: Folder, endpoints: Endpoints): void {
  writePrivately(folder.endpoints, `${JSON.stringify(endpoints, null, 2)}\n`);
}

/** The file is there exactly while the stack is up. */
export function removeEndpoints(folder: Folder): void {
  rmSync(folder.endpoints, { force: true });
}

/** The lines of the table that `npm start` ends with; passwords stay in the file. */
export function endpointsTable(folder: Folder, endpoints: Endpoints): string[] {
  const { processes, ...addresses } = endpoints;
  const rows = Object.entries(addresses).map(([name, value]) => {
    const process = processes[name === 'rpc' ? 'node' : name];
    return [name, withoutPassword(String(value)), process ? `(process ${process})` : ''] as const;
  });
  const width = Math.max(...rows.map(([, value]) => value.length));
  return [
    ...rows.map(([name, value, process]) => `  ${name.padEnd(9)} ${value.padEnd(width)} ${process}`.trimEnd()),
    `  all of it, with passwords: ${folder.endpoints}`,
  ];
}

const withoutPassword = (url: string) => url.replace(/(\/\/[^:/@]*):[^@/]*@/, '$1:***@');
