import { z } from 'zod';
import { loadConfig } from '../../process/config.ts';
import { settings, wholeNumber } from '../../process/settings.ts';
import { turnUrl, turnUrlError } from '../kamailio/settings.ts';

export type Config = ReturnType<typeof loadProviderConfig>;

export function loadProviderConfig(env: NodeJS.ProcessEnv) {
  return loadConfig(
    {
      rpcUrl: settings.rpcUrl,
      network: settings.network,
      contract: settings.contract,
      logLevel: settings.logLevel,
      /** Where CDRs and vouchers are handed in. While it is away, calls go on and their records wait. */
      apiUrl: z
        .string({ error: 'expected the URL of the KRYPTON API, e.g. https://api.example.org' })
        .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), 'expected an http or https URL'),
      /** NEP-6 file of the provider's key: it signs CDRs, and what is said to other providers. */
      wallet: z.string({ error: "expected the path of the provider's NEP-6 wallet file" }),
      walletPassword: z.string().optional(),
      walletPasswordFile: z.string().optional(),
      /** One SQLite file: calls, their records, sessions, numbers and rate decks. */
      providerStore: z.string({ error: 'expected the path of the file in which calls are kept' }),
      /** On the loopback. 0: any that is free, which the log then names. */
      providerPort: wholeNumber('a port', { min: 0, max: 65_535 }).default(5_080),
      /** Kamailio and the commands show it; `provider init` makes it. */
      providerSecret: z
        .string({ error: 'expected the secret that provider init has made' })
        .min(32, 'expected at least 32 characters'),
      /** Kamailio's HTTP on the loopback: its JSON-RPC. */
      providerKamailioUrl: z
        .string({ error: "expected the URL of Kamailio's HTTP on the loopback, e.g. http://127.0.0.1:5081" })
        .refine((text) => URL.parse(text)?.protocol === 'http:', 'expected an http URL'),
      /** rtpengine's `ng` port: with it, what is billed is sound. */
      providerRtpengine: z
        .string()
        .regex(/^[\w.-]+:\d{1,5}$/, 'expected host and port of rtpengine, e.g. 127.0.0.1:2223')
        .optional(),
      /** SIP URIs without user, comma-separated, the preferred one first; none: no calls to numbers. */
      providerGateways: z
        .string()
        .transform((text) => text.split(',').map((uri) => uri.trim()))
        .pipe(
          z.array(
            z
              .string()
              .regex(/^sips?:[\w.:[\]-]+(;transport=(udp|tcp|tls))?$/, 'expected e.g. sip:gateway.example.org:5060'),
          ),
        )
        .default([]),
      /** A user signs for what was talked so often; half of it more is a grace. */
      providerVoucherIntervalS: wholeNumber('seconds', { min: 1, max: 300 }).default(10),
      /** Money is held for so long ahead: short ones leave more for other calls, long ones bear a longer outage. */
      providerSliceS: wholeNumber('seconds', { min: 5, max: 3_600 }).default(300),
      /** Whether other providers may be on this machine or behind it: on a devnet only, as anybody can name a location. */
      providerAllowPrivate: z
        .enum(['yes', 'no'], { error: 'expected yes or no' })
        .default('no')
        .transform((text) => text === 'yes'),
      /** A phone whose connection is gone may come back for so long: what users miss most in web softphones. */
      providerGraceS: wholeNumber('seconds', { min: 0, max: 120 }).default(15),
      /** coturn's `static-auth-secret`, and where phones find it, comma-separated; both, or none. */
      providerTurnSecret: z.string().min(32, 'expected at least 32 characters').optional(),
      providerTurnUrls: z
        .string()
        .transform((text) => text.split(',').map((url) => url.trim()))
        .pipe(z.array(z.string().regex(turnUrl, turnUrlError)))
        .default([]),
      /** VAPID's private key; without it sleeping phones are not woken. `provider init` makes it. */
      providerPushSecret: z
        .string()
        .regex(/^[\w-]{43}$/, 'expected 32 bytes, base64url')
        .optional(),
      /** Whom push services may ask. */
      providerPushContact: z
        .string()
        .regex(/^(mailto:|https:\/\/)\S+$/, 'expected a mailto: or https: URL')
        .default('mailto:postmaster@localhost'),
      /** Push services of browsers, hosts with all below them, comma-separated: nobody else is asked. */
      providerPushHosts: z
        .string()
        .transform((text) => text.split(',').map((host) => host.trim()))
        .pipe(z.array(z.string().regex(/^[\w.-]+(:\d{1,5})?$/, 'expected hosts, e.g. fcm.googleapis.com')))
        .default([
          ...['fcm.googleapis.com', 'jmt17.google.com'],
          ...['push.services.mozilla.com', 'push.apple.com', 'notify.windows.com'],
        ]),
      /** What nobody may do, whatever an escrow allows: `limits.json` of the kit; without it, the defaults. */
      providerLimits: z.string().optional(),
    },
    env,
  );
}
