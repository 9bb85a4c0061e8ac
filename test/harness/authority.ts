import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../stack/run.ts';

/** A certificate authority of a test's own, and a certificate of it for this name (openssl, which comes with Debian). */
export async function makeCertificate(folder: string, name: string) {
  const path = (file: string) => join(folder, file);
  const openssl = (...args: string[]) => run('openssl', args, { timeoutMs: 20_000 });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];
  await openssl(
    ...['req', '-x509', ...key, '-keyout', path('ca.key'), '-out', path('ca.pem'), '-days', '2', '-subj', '/CN=test'],
  );
  await openssl(
    ...['req', '-x509', '-CA', path('ca.pem'), '-CAkey', path('ca.key'), ...key, '-keyout', path('tls.key')],
    ...['-out', path('tls.pem'), '-days', '2', '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`],
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
  );
  return { certificate: path('tls.pem'), key: path('tls.key'), authority: readFileSync(path('ca.pem'), 'utf8') };
}
