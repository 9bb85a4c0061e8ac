import { lookup, resolveSrv } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { createBlockReader } from '../../chain/blocks.ts';
import { watchHeads } from '../../chain/heads.ts';
import { createReader } from '../../chain/read.ts';
import { createRpc } from '../../chain/rpc.ts';
import { openWalletFile } from '../../chain/wallet-file.ts';
import { ConfigError } from '../../process/config.ts';
import { reportNodes } from '../../process/nodes.ts';
import { Outage } from '../../process/outage.ts';
import { type Logger, type Running, runService } from '../../process/run.ts';
import { createClient } from '../../protocol/api/client.ts';
import { defaultLimits, readLimitsFile } from '../kamailio/limits-file.ts';
import { createChainView } from './chain-view.ts';
import { type Config, loadProviderConfig } from './config.ts';
import { createDecks, noteDeckFound } from './decks.ts';
import type { Deps } from './deps.ts';
import { createFollower, readPosition, takeEvent, writePosition } from './follow.ts';
import { createHandIn, HAND_IN_MS, isPassing, MAX_BACK_OFF_MS } from './hand-in.ts';
import { serve } from './http.ts';
import { createKamailio } from './kamailio.ts';
import { LIST_MS } from './list.ts';
import { type Dns, locate } from './locate.ts';
import { createMediaWatch, MEDIA_MS } from './media.ts';
import { createMetrics } from './metrics.ts';
import { createPush } from './push.ts';
import { createRates } from './rates.ts';
import { repeat } from './repeat.ts';
import { kamailioRoutes } from './routes.ts';
import { createRtpengine } from './rtpengine.ts';
import { showRoutes } from './show.ts';
import { committed, openStore } from './store.ts';
import { createUnbinding } from './unbinding.ts';
import { createWatch, WATCH_MS } from './watch.ts';

/** The machine's own resolver. */
const dns: Dns = {
  resolveSrv,
  lookup: async (name) => (await lookup(name, { all: true })).map(({ address }) => address),
};

/** Where a node pushes nothing, it is asked so often. */
const HEAD_POLL_MS = 1_000;

/** Serves whether or not node, API and Kamailio are there yet: each question finds out for itself. */
async function start(config: Config, log: Logger, fail: (error: unknown) => void): Promise<Running> {
  const { network, contract, providerLimits } = config;
  const limits = providerLimits === undefined ? defaultLimits : readLimitsFile(providerLimits);
  const signer = await openWalletFile(config.wallet, passwordOf(config));
  const store = openStore(config.providerStore, (cause) =>
    fail(new Error(`${config.providerStore} can't be written: ending, to go on from what is in it`, { cause })),
  );
  const identity = { network, contract, provider: signer.address };
  const rpc = createRpc(config.rpcUrl, { network, report: reportNodes(log) });
  const reader = createReader(rpc, contract);
  const heads = watchHeads(rpc.socket, { pollMs: HEAD_POLL_MS });
  const kamailio = createKamailio(config.providerKamailioUrl, config.providerSecret);
  const unbinding = createUnbinding(store, kamailio);
  const metrics = createMetrics();
  const decks = createDecks(store);
  const begin = async () => {
    const record = await reader.provider(signer.address);
    if (record === null) log.warn(`${signer.address} is no provider on chain: krypton provider deploy makes it one`);
    if (record?.tariffHash) noteDeckFound(store, record.tariffHash, record.deployedAt);
  };
  const chain = createChainView(
    {
      rpc,
      reader,
      readBlocks: createBlockReader(contract),
      begin,
      onEvent: (event, at) => takeEvent({ store, signer, decks, metrics, unbinding }, event, at),
      onBlock: (position) => writePosition(store, identity, position),
    },
    readPosition(store, identity),
  );
  const deps: Deps = {
    store,
    chain,
    reader,
    locate: (location) => locate(dns, location, config.providerAllowPrivate),
    decks,
    kamailio,
    unbinding,
    rtpengine: rtpengineOf(config),
    api: createClient({ url: config.apiUrl, signer }),
    metrics,
    log,
    network,
    contract,
    signer,
    gateways: config.providerGateways,
    voucherIntervalS: config.providerVoucherIntervalS,
    turn: turnOf(config),
    push: pushOf(config),
    graceMs: config.providerGraceS * 1000,
    policy: {
      sliceMs: config.providerSliceS * 1000,
      graceMs: 0, // the service itself sees to the end of a hold
      unsignedSeconds: Math.ceil(config.providerVoucherIntervalS * 1.5),
    },
    limits,
    rates: createRates(),
    now: () => new Date(),
  };
  const watch = createWatch(deps);
  const serving = await serve([...kamailioRoutes(deps), ...showRoutes(deps)], {
    port: config.providerPort,
    secret: config.providerSecret,
    log,
    written: () => committed(store),
  });
  log.info({ provider: signer.address }, `listening on ${serving.url}`);
  const stopping = new AbortController();
  const loops = [
    repeat(createFollower({ ...deps, rpc }, heads), 0, fail),
    repeat(watch.look, WATCH_MS, fail),
    repeat(watch.list, LIST_MS, fail),
    repeat(createMediaWatch(deps), MEDIA_MS, fail),
    repeat(handInWith(deps, stopping.signal), HAND_IN_MS, fail),
  ];
  return {
    stop: async () => {
      stopping.abort();
      heads.close();
      await Promise.all([serving.stop(), ...loops.map((stop) => stop())]);
      deps.rtpengine?.close();
      await committed(store);
      store.close();
    },
  };
}

/** Backs off while the API is away; what waits is kept, whatever it answers. */
function handInWith(deps: Deps, signal: AbortSignal): () => Promise<void> {
  const handIn = createHandIn(deps, signal);
  const outage = new Outage(deps.log, 'records wait');
  let [failures, restUntil] = [0, 0];
  return async () => {
    if (Date.now() < restUntil) return;
    try {
      await handIn();
      outage.end();
      failures = 0;
    } catch (error) {
      outage.report(error);
      if (!isPassing(error)) deps.log.debug(error);
      failures += 1;
      restUntil = Date.now() + Math.min(MAX_BACK_OFF_MS, HAND_IN_MS * 2 ** failures);
    }
  };
}

function rtpengineOf({ providerRtpengine }: Config): Deps['rtpengine'] {
  if (providerRtpengine === undefined) return null;
  const at = providerRtpengine.lastIndexOf(':');
  return createRtpengine(providerRtpengine.slice(0, at), Number(providerRtpengine.slice(at + 1)));
}

function turnOf({ providerTurnSecret: secret, providerTurnUrls: urls }: Config): Deps['turn'] {
  if (secret === undefined && urls.length === 0) return null;
  if (secret === undefined || urls.length === 0)
    throw new ConfigError('expected both KRYPTON_PROVIDER_TURN_SECRET and KRYPTON_PROVIDER_TURN_URLS, or none of them');
  return { secret, urls };
}

function pushOf(config: Config): Deps['push'] {
  const { providerPushSecret: secret, providerPushContact: contact, providerPushHosts: hosts } = config;
  if (secret === undefined) return null;
  try {
    return createPush({ secret, contact, hosts, allowsHttp: config.providerAllowPrivate });
  } catch (error) {
    throw new ConfigError('KRYPTON_PROVIDER_PUSH_SECRET: expected a private key of P-256', { cause: error });
  }
}

function passwordOf({ wallet, walletPassword, walletPasswordFile }: Config): string {
  if (walletPassword !== undefined) return walletPassword;
  if (walletPasswordFile === undefined)
    throw new ConfigError(`KRYPTON_WALLET_PASSWORD_FILE: expected the file with the password of ${wallet}`);
  try {
    return readFileSync(walletPasswordFile, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new ConfigError(`KRYPTON_WALLET_PASSWORD_FILE: can't read ${walletPasswordFile}`, { cause: error });
  }
}

await runService('provider', loadProviderConfig, start);
