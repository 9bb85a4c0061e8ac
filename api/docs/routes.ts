import { gzipSync } from 'node:zlib';
import { describeApi } from '../http/openapi.ts';
import type { App } from '../http/route.ts';
import { readAssets } from './assets.ts';
import { renderPage } from './page.ts';

/**
 * The page runs scripts and takes styles from its own files alone, asks nobody else for anything, and stands in
 * nobody's frame. `data:` pictures are those within Swagger UI's style sheet.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  'img-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** An hour: a newer version has other names for what matters to it, and asks again soon enough. */
const ASSET_AGE_S = 3_600;

/** RFC 9110, section 12.5.3; `q=0` refuses it. */
const accepts = (encoding: string, header = '') =>
  header.split(',').some((each) => each.trim().startsWith(encoding) && !/;\s*q=0(\.0*)?\s*$/.test(each));

/** Registered last: the document describes what is there by then, and does not change afterwards. */
export function addDocuments(app: App): void {
  const document = describeApi(app);
  const page = renderPage(document.info.version);
  app.get('/openapi.json', (c) => c.json(document));
  app.get('/docs', (c) => {
    c.header('Content-Security-Policy', contentSecurityPolicy);
    c.header('Referrer-Policy', 'no-referrer');
    return c.html(page);
  });
  for (const { name, type, content } of readAssets()) {
    let zipped: Uint8Array<ArrayBuffer> | undefined; // once, when somebody first looks
    app.get(`/docs/${name}`, (c) => {
      c.header('Cache-Control', `public, max-age=${ASSET_AGE_S}`);
      c.header('Content-Type', type);
      c.header('Vary', 'Accept-Encoding');
      if (!accepts('gzip', c.req.header('accept-encoding'))) return c.body(content);
      zipped ??= gzipSync(content);
      c.header('Content-Encoding', 'gzip');
      return c.body(zipped);
    });
  }
  app.get('/', (c) => c.redirect('/docs'));
}
