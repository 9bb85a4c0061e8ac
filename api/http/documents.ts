import { renderDocs } from './docs-page.ts';
import { describeApi } from './openapi.ts';
import type { App } from './route.ts';

/** The page needs nothing from anywhere else. */
const contentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** Registered last: the document describes what is there by then, and does not change afterwards. */
export function addDocuments(app: App): void {
  const document = describeApi(app);
  const page = renderDocs(document);
  app.get('/openapi.json', (c) => c.json(document));
  app.get('/docs', (c) => {
    c.header('Content-Security-Policy', contentSecurityPolicy);
    return c.html(page);
  });
  app.get('/', (c) => c.redirect('/docs'));
}
