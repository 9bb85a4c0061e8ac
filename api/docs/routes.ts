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
  for (const { name, type, content } of readAssets())
    app.get(`/docs/${name}`, (c) => {
      c.header('Cache-Control', `public, max-age=${ASSET_AGE_S}`);
      return c.body(content, 200, { 'Content-Type': type });
    });
  app.get('/', (c) => c.redirect('/docs'));
}
