import { loadConfig } from '../process/config.ts';
import { settings, wholeNumber } from '../process/settings.ts';
import { authoritiesSetting, hostSetting, originsSetting } from './settings.ts';

/** Of all API processes together. */
const quota = wholeNumber('requests a minute of one client (0: no limit)', { min: 0, max: 1_000_000_000 });

export type Config = ReturnType<typeof loadApiConfig>;

export function loadApiConfig(env: NodeJS.ProcessEnv) {
  const { databaseUrl, redisUrl, rpcUrl, network, contract, logLevel } = settings;
  /** Who may connect: this machine, unless a person says otherwise. */
  const apiHost = hostSetting.default('127.0.0.1');
  const apiPort = wholeNumber('a TCP port (0: any free one)', { min: 0, max: 65_535 }).default(8080);
  /** Origins whose pages may read the answers; `*`: all, since nothing depends on cookies. */
  const corsOrigin = originsSetting.default(['*']);
  /**
   * Public names of this API, as in `api.example.org,api.example.org:8443`: a request that was signed for another
   * server is refused here. Left out: the address that it listens on, and localhost.
   */
  const apiAuthority = authoritiesSetting.optional();
  /**
   * Reverse proxies of the operator's own between clients and this server: each adds to `X-Forwarded-For`, and so many
   * entries at its end are believed. Too small a number takes all clients for one; too large a one believes them.
   */
  const apiProxies = wholeNumber('how many proxies of your own stand before the API', { min: 0, max: 10 }).default(0);
  /** A provider that asks before each call and hands in its CDR: some 300 calls a second. */
  const apiLimitKey = quota.default(60_000);
  /** A household or a small office: a page asks some 10 times when it starts. */
  const apiLimitAddress = quota.default(6_000);
  /** Streams of events that one client may have open: a key's own, an address's public ones. */
  const apiStreamsPerClient = wholeNumber('how many streams one client may have', { min: 1, max: 2_000 }).default(20);
  const own = {
    apiHost,
    apiPort,
    apiAuthority,
    apiProxies,
    apiLimitKey,
    apiLimitAddress,
    apiStreamsPerClient,
    corsOrigin,
  };
  return loadConfig({ databaseUrl, redisUrl, rpcUrl, network, contract, ...own, logLevel }, env);
}
