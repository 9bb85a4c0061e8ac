/**
 * What may be shown of a URL: scheme, host and port. Passwords stand in its user info, and keys of paid services in its
 * path or query. A text that is no URL shows nothing at all.
 */
export function publicUrl(url: string): string {
  const parsed = URL.parse(url);
  return parsed ? `${parsed.protocol}//${parsed.host}` : '(no URL)';
}
