import { loadConfig } from '../process/config.ts';
import { settings, wholeNumber } from '../process/settings.ts';
import { authoritiesSetting, hostSetting, originsSetting } from './settings.ts';

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
   * Streams of events that one client may have open: a key's own, an address's public ones. Behind a proxy all clients
   * have its address: set it higher there, and bound the streams in the proxy.
   */
  const apiStreamsPerClient = wholeNumber('how many streams one client may have', { min: 1, max: 2_000 }).default(20);
  const own = { apiHost, apiPort, apiAuthority, apiStreamsPerClient, corsOrigin };
  return loadConfig({ databaseUrl, redisUrl, rpcUrl, network, contract, ...own, logLevel }, env);
}
