import { html } from 'hono/html';
import { problems } from '../../protocol/api/problem.ts';

/**
 * The API for people: what the OpenAPI document says, shown by Swagger UI, and the codes of problems, each at the place
 * that a problem's `type` names. All links are relative, so that the page also stands behind a proxy that adds a path.
 */
export function renderPage(version: string): string {
  const rows = Object.entries(problems).map(
    ([code, [status, title]]) =>
      html`<tr id="${code}"><td><code>${code}</code></td><td>${status}</td><td>${title}</td></tr>
`,
  );
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>KRYPTON API ${version}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="stylesheet" href="docs/page.css">
</head>
<body>
<nav><a href="#problems">Problem codes</a> <a href="openapi.json">OpenAPI document</a></nav>
<main id="operations"><noscript>Without scripts this page shows the problem codes only; all else stands in the
<a href="openapi.json">OpenAPI document</a>.</noscript></main>
<section id="problems">
<h2>Problem codes</h2>
<p>Every refusal is <code>application/problem+json</code> (RFC 9457). Its <code>code</code> is stable: match it, never the
words. Its <code>type</code> leads to the line here.</p>
<table>
<thead><tr><th>code</th><th>status</th><th>meaning</th></tr></thead>
<tbody>
${rows}</tbody>
</table>
</section>
<script src="docs/swagger-ui.js"></script>
<script src="docs/start.js"></script>
</body>
</html>`.toString();
}
