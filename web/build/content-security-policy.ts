export type PolicySettings = {
  /** Addresses without TLS that the page may ask too, as a devnet has them. */
  plainConnections: readonly string[];
  /** What else a script may be besides a file of ours: hashes of those inside of a page. */
  scripts?: readonly string[];
  styles?: readonly string[];
};

/**
 * What a page may do. Scripts and styles are files of ours, and no text becomes code. A person chooses providers and
 * nodes of their own, so any address with TLS may be asked.
 */
export function contentSecurityPolicy({ plainConnections, scripts, styles }: PolicySettings): string {
  const directives = {
    'default-src': ["'none'"],
    'script-src': scripts ?? ["'self'"],
    'style-src': styles ?? ["'self'"],
    'img-src': ["'self'", 'data:', 'blob:'],
    'media-src': ["'self'", 'blob:'],
    'font-src': ["'self'"],
    'manifest-src': ["'self'"],
    'worker-src': ["'self'"],
    'connect-src': ["'self'", 'https:', 'wss:', ...plainConnections],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
    'require-trusted-types-for': ["'script'"],
    'trusted-types': ['krypton'],
  };
  return Object.entries(directives)
    .map(([name, sources]) => [name, ...sources].join(' '))
    .join('; ');
}
