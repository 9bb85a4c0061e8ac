import { z } from 'zod';
import type { ScriptHash } from '../../protocol/types/hash.ts';

/** All that is different from one provider's machine to another's. */
export type KitSettings = {
  /** The domain of SIP addresses, as the provider's location on chain says. */
  domain: string;
  /** That Kamailio and rtpengine listen on. */
  address: string;
  /** That the world sees, where the machine stands behind NAT; else null. */
  publicAddress: string | null;
  gateways: readonly Gateway[];
  /** Paths of the certificate with its chain, and of its key, both PEM; null: no TLS, for trying only. */
  tls: { certificate: string; key: string } | null;
  rtpengine: boolean;
  /** Where phones find the relay (coturn), e.g. `turns:turn.example.org:443?transport=tcp`; none: there is none. */
  turn: readonly string[];
  ports: Ports;
  network: number;
  contract: ScriptHash;
  rpcUrl: readonly string[];
  apiUrl: string;
  wallet: string;
  walletPasswordFile: string;
};

export type Gateway = {
  /** Where calls go, e.g. `sip:gateway.example.org:5060`. */
  uri: string;
  /** Where its calls come from: an address, or an address with a port. */
  source: string;
};

export type Ports = {
  sip: number;
  /** WebSockets without TLS: for a proxy in front, and for trying. */
  ws: number;
  /** `sips` and `wss`, both on both. */
  tls: readonly number[];
  /** On the loopback: what Kamailio is asked ... */
  kamailio: number;
  /** ... the wallet service ... */
  service: number;
  /** ... and rtpengine. */
  rtpengine: number;
  mediaFirst: number;
  mediaLast: number;
};

export const defaultPorts: Ports = {
  sip: 5060,
  ws: 8080,
  tls: [5061, 443],
  kamailio: 5081,
  service: 5080,
  rtpengine: 2223,
  mediaFirst: 30_000,
  mediaLast: 39_999,
};

export const turnUrl = /^turns?:[\w.-]+:\d{1,5}(\?transport=(udp|tcp))?$/;
export const turnUrlError = 'expected e.g. turns:turn.example.org:443?transport=tcp';

/** Nothing in it may end a string, a line or a rule of Kamailio's configuration. */
const plain = /^[\w.:;=/@+-]+$/;
const plainError = 'expected letters, digits and . : ; = / @ + - _ only';

export const kitSettingsSchema = z.object({
  // An address would make Kamailio take gateways and phones of the same address for itself.
  domain: z.string().regex(/^([a-z0-9-]+\.)+[a-z][a-z0-9-]*$/i, 'expected the name of a domain, e.g. sip.example.org'),
  address: z.union([z.ipv4(), z.ipv6()], 'expected an IP address'),
  publicAddress: z.union([z.ipv4(), z.ipv6()], 'expected an IP address').nullable(),
  gateways: z.array(
    z.object({
      uri: z
        .string()
        .regex(/^sip:[\w.-]+(:\d{1,5})?(;transport=(udp|tcp|tls))?$/, 'expected e.g. sip:gateway.example.org:5060'),
      source: z
        .string()
        .regex(
          /^\d{1,3}(\.\d{1,3}){3}(:\d{1,5})?$/,
          'expected the IPv4 address that its calls come from, e.g. 192.0.2.7',
        ),
    }),
  ),
  turn: z.array(z.string().regex(turnUrl, turnUrlError)),
  tls: z
    .object({ certificate: z.string().regex(plain, plainError), key: z.string().regex(plain, plainError) })
    .nullable(),
});
