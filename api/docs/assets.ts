import { readFileSync } from 'node:fs';

export type Asset = { name: string; type: string; content: Uint8Array<ArrayBuffer> };

const script = 'text/javascript; charset=utf-8';
const style = 'text/css; charset=utf-8';

/** The files of the page: Swagger UI as its package brings it, and what starts it and lays it out here. */
export const readAssets = (): Asset[] => [
  asset('swagger-ui.js', script, import.meta.resolve('swagger-ui-dist/swagger-ui-bundle.js')),
  asset('swagger-ui.css', style, import.meta.resolve('swagger-ui-dist/swagger-ui.css')),
  asset('start.js', script, import.meta.resolve('./start.js')),
  asset('page.css', style, import.meta.resolve('./page.css')),
];

const asset = (name: string, type: string, url: string): Asset => ({
  name,
  type,
  content: new Uint8Array(readFileSync(new URL(url))),
});
