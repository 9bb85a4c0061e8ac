import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentSecurityPolicy, type PolicySettings } from './content-security-policy.ts';

/**
 * The headers that a web server should send with each file, in the form that static hosts read (`_headers`); a server
 * of one's own is told the same (docs). Frames may be forbidden by a header alone.
 */
export function writeSiteHeaders(dist: string, policy: PolicySettings): void {
  const headers = {
    'Content-Security-Policy': `${contentSecurityPolicy(policy)}; frame-ancestors 'none'`,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Permissions-Policy': 'microphone=(self), camera=(), geolocation=(), usb=(), payment=()',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  };
  const lines = Object.entries(headers).map(([name, value]) => `  ${name}: ${value}`);
  writeFileSync(join(dist, '_headers'), ['/*', ...lines, ''].join('\n'));
}
