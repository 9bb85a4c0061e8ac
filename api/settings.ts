import { isIP } from 'node:net';
import { z } from 'zod';

/**
 * Settings that requests are compared with. One that no request can ever match looks well at the start, and then
 * refuses everybody: here each is brought to the form that clients send, or refused.
 */

/** A DNS name, its labels with letters, digits, dashes; an underscore does no harm. */
const name = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;

/** An entry of a comma-separated list, read by `parse`; an empty one is a slip of the pen that means nothing. */
const listOf = (expected: string, parse: (entry: string) => string | null) =>
  z.string({ error: expected }).transform((text, context): string[] => {
    const entries = text.split(',').map((entry) => entry.trim());
    const read = entries.map((entry) => ({ entry, parsed: entry === '' ? null : parse(entry) }));
    for (const { entry, parsed } of read)
      if (parsed === null) context.addIssue({ code: 'custom', message: `'${entry}' is none: expected ${expected}` });
    return [...new Set(read.flatMap(({ parsed }) => parsed ?? []))];
  });

/**
 * A host, and a port where it is not the scheme's own, as a client's `@authority` has it (RFC 9421, section 2.2.3):
 * lower case, an IPv6 address in its short form, without `:80` and `:443`.
 */
export const authoritiesSetting = listOf(
  'public names of this API, comma-separated, without scheme and path, e.g. api.example.org,api.example.org:8443',
  (entry) => {
    const [, host = '', port] = /^(\[[^\]]*\]|[^:/@?#[\]\s\\]+)(?::(\d{1,5}))?$/.exec(entry) ?? [];
    const known = canonicalHost(host);
    if (known === null || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) return null;
    return port === undefined || port === '80' || port === '443' ? known : `${known}:${Number(port)}`;
  },
);

/** As every client that follows the URL standard writes it into `Host`; a name of other letters in its ASCII form. */
function canonicalHost(host: string): string | null {
  const url = host === '' ? null : URL.parse(`http://${host}`);
  if (url?.pathname !== '/') return null;
  return url.hostname.startsWith('[') || isIP(url.hostname) || name.test(url.hostname) ? url.hostname : null;
}

/** Origins as browsers send them (RFC 6454): without path or trailing slash, without the scheme's own port; or `*`. */
export const originsSetting = listOf(
  'origins of pages, comma-separated, without path and trailing slash, e.g. https://phone.example.org; or *',
  (entry) => {
    if (entry === '*') return entry;
    const [, scheme = '', host = ''] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#@\s\\]+)$/i.exec(entry) ?? [];
    const url = host === '' ? null : URL.parse(entry);
    if (!url) return null;
    // Pages of an installed app or an extension have schemes of their own, whose origin the standard leaves open.
    if (!/^https?$/i.test(scheme)) return entry.toLowerCase();
    return canonicalHost(url.hostname) === null ? null : url.origin;
  },
);

/** An address or a name of this machine to listen on. */
export const hostSetting = z
  .string()
  .transform((text) => text.replace(/^\[(.*)\]$/, '$1').toLowerCase())
  .refine(
    (text) => isIP(text) !== 0 || (name.test(text) && !/^[\d.]+$/.test(text)),
    'expected an address or a name of this machine without scheme and port, e.g. 127.0.0.1, 0.0.0.0 or ::1',
  );
