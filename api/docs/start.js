// Runs in the browser, on the page of `page.ts`.

const operations = document.getElementById('operations');

/** What grows above it moves the line that the address names out of sight, until the person moves there themself. */
const growth = new ResizeObserver(() => {
  document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
});
growth.observe(operations);
for (const moved of ['wheel', 'touchstart', 'pointerdown', 'keydown'])
  addEventListener(moved, () => growth.disconnect(), { once: true, passive: true });

SwaggerUIBundle({
  url: 'openapi.json',
  domNode: operations,
  // It would write `#/notFound` where a problem's type says `#notFound`.
  deepLinking: false,
  // Requests are signed, or as easily made with any other tool: the page only reads.
  supportedSubmitMethods: [],
  // Else the document's address is sent to a server of Swagger's.
  validatorUrl: null,
  defaultModelsExpandDepth: 0,
});
