/** The build's files, by their names below the page's folder, and what tells this build apart; both set by the build. */
declare const FILES: readonly string[];
declare const BUILD: string;

const PREFIX = 'krypton-';
const current = PREFIX + BUILD;

/** All files of this version, or none: half a version is never used. */
export async function keepVersion(): Promise<void> {
  const cache = await caches.open(current);
  // Past the browser's own cache: a web server may have said that the old page is good for long.
  await cache.addAll(FILES.map((file) => new Request(file, { cache: 'reload' })));
}

/** A page that is still open may ask for files of the version that it came with: they go when it is gone. */
export async function forgetOlder(self: ServiceWorkerGlobalScope): Promise<void> {
  const open = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  if (open.length > 1) return;
  const older = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== current);
  await Promise.all(older.map((name) => caches.delete(name)));
}

/** Undefined: not a file of ours, and none of our business. Nothing that is asked of another server is ever kept. */
export function answer(request: Request, scope: string): Promise<Response> | undefined {
  const { url, method, mode } = request;
  if (method !== 'GET' || !url.startsWith(scope)) return undefined;
  const name = new URL(url).pathname.slice(new URL(scope).pathname.length);
  if (name === 'settings.json') return newest(request);
  if (mode === 'navigate' && (name === '' || name === 'index.html')) return kept(scope, request);
  if (mode === 'navigate' && name === 'rescue/') return kept(url, request);
  return FILES.includes(name) || name.startsWith('assets/') ? kept(url, request) : undefined;
}

const kept = async (key: string, request: Request): Promise<Response> =>
  (await (await caches.open(current)).match(key)) ?? (await caches.match(key)) ?? fetch(request);

/** Of a server that answers; without network what it said last. */
async function newest(request: Request): Promise<Response> {
  const cache = await caches.open(current);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const known = await cache.match(request);
    if (known) return known;
    throw error;
  }
}
