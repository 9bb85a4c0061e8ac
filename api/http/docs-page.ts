import { html, raw } from 'hono/html';
import { problems } from '../../protocol/api/problem.ts';
import type { OpenApiDocument } from './openapi.ts';

const style = `
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
  h2 { margin-top: 2.5rem; border-bottom: 1px solid #ccc } code, pre { font-family: ui-monospace, monospace; font-size: .9em }
  pre { background: #f5f5f5; padding: .75rem; overflow-x: auto } p { white-space: pre-line }
  table { border-collapse: collapse } td, th { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0 }
  .method { text-transform: uppercase; font-weight: bold } summary { cursor: pointer }
  @media (prefers-color-scheme: dark) { body { color: #ddd; background: #181818 } pre { background: #262626 } a { color: #8bf } }`;

type Operation = {
  operationId: string;
  summary: string;
  description?: string;
  security?: unknown[];
  parameters?: {
    name: string;
    in: string;
    required?: boolean;
    schema?: { description?: string };
    description?: string;
  }[];
  requestBody?: { content: object };
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
};

/** The OpenAPI document for people: one page without scripts. */
export function renderDocs(document: OpenApiDocument): string {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => renderOperation(method, path, operation as Operation)),
  );
  const schemas = Object.entries(document.components?.schemas ?? {});
  const signing = document.components?.securitySchemes?.httpMessageSignature;
  return html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>KRYPTON API</title><style>${raw(style)}</style></head>
<body>
<h1>KRYPTON API ${document.info.version}</h1>
<p>${document.info.description}</p>
<p>For programs: <a href="/openapi.json">/openapi.json</a></p>
<h2>Signing</h2>
<p>${signing && 'description' in signing ? signing.description : ''}</p>
<h2>Operations</h2>
${operations}
<h2>Shapes</h2>
${schemas.map(([name, schema]) => html`<h3 id="shape-${name}">${name}</h3><pre>${JSON.stringify(schema, null, 2)}</pre>`)}
<h2>Problems</h2>
<p>Every refusal is application/problem+json (RFC 9457); its code is stable.</p>
<table>${Object.entries(problems).map(([code, [status, title]]) => html`<tr id="${code}"><td><code>${code}</code></td><td>${status}</td><td>${title}</td></tr>`)}</table>
</body>
</html>`.toString();
}

function renderOperation(method: string, path: string, operation: Operation) {
  const { operationId, summary, description = '', security, parameters = [], requestBody, responses } = operation;
  return html`
<h3 id="${operationId}"><span class="method">${method}</span> <code>${path}</code></h3>
<p>${summary}${security ? ' (signed)' : ''}${description && `\n${description}`}</p>
<table>${parameters.map(
    (parameter) =>
      html`<tr><td><code>${parameter.name}</code></td><td>${parameter.in}${parameter.required ? ', required' : ''}</td><td>${parameter.description ?? parameter.schema?.description ?? ''}</td></tr>`,
  )}</table>
${requestBody ? html`<p>Body: ${shapesIn(requestBody.content)}</p>` : ''}
<table>${Object.entries(responses).map(
    ([status, response]) =>
      html`<tr><td><code>${status}</code></td><td>${response.description} ${shapesIn(response.content ?? {})}</td></tr>`,
  )}</table>`;
}

/** Links to the named shapes that a body refers to. */
function shapesIn(content: object) {
  const names = [...JSON.stringify(content).matchAll(/#\/components\/schemas\/(\w+)/g)].map((match) => match[1] ?? '');
  return [...new Set(names)].map((name) => html`<a href="#shape-${name}">${name}</a> `);
}
