import { CREATED_TOLERANCE_S } from '../signature/verify.ts';
import type { App } from './route.ts';
import { version } from './version.ts';

const description = `Decentralised SIP trunking on NEO N3: calls paid per second out of an on-chain escrow.

Money is datoshi (10^-8 GAS) in decimal strings; what is unknown or absent is null, never missing; more fields may come.
Answers from chain state name the last block in them (\`Krypton-Height\`) and can be asked for by \`Min-Height\`.`;

const signing = `HTTP Message Signatures (RFC 9421) with the caller's NEO key, \`ecdsa-p256-sha256\`. Covered, in any order: "@method"
"@authority" "@path" "@query", and "content-digest" (RFC 9530, sha-256) where there is a body; ordinary headers, "@scheme",
"@target-uri" and "@request-target" are welcome, component parameters are not supported. Parameters: \`created\` (at most
${CREATED_TOLERANCE_S} seconds off), \`nonce\` (16 to 256 characters, used once), \`keyid\` (the compressed public key in hex); \`expires\` and \`alg\`
count where they are given. Any label; of several signatures the first of this form.

What only reads may also be signed by a key that a wallet has named for it: the header \`Krypton-Delegation\`, which the
signature covers too, holds \`wallet key;delegated key;notAfter in ms;scope;form;signature[;salt]\`. The caller is the wallet
then. Scope 1: read, 2: registration, 3: both; at most 30 days; form \`raw\`, \`nep21\` or \`legacy\`.`;

/** The OpenAPI document, from the schemas that validate. */
export function describeApi(app: App) {
  app.openAPIRegistry.registerComponent('securitySchemes', 'httpMessageSignature', {
    type: 'apiKey',
    in: 'header',
    name: 'Signature',
    description: signing,
  });
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'KRYPTON',
      version,
      description: `${description}\n\n## Signing\n\n${signing}`,
      license: { name: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: [
      { name: 'registry', description: 'Who is reachable through whom' },
      { name: 'tariffs', description: 'What calls cost' },
      { name: 'escrows', description: 'Money reserved for calls' },
      { name: 'calls', description: 'May a call begin, and what is promised to those that run; signed requests' },
      { name: 'cdrs', description: 'Calls, and what became of them; signed requests' },
      { name: 'settlements', description: 'Claims that the chain answered' },
      { name: 'status', description: 'How far everything is' },
      { name: 'operations', description: 'For those who run this server' },
    ],
  });
}
