import type { Reader } from '../../chain/read.ts';
import type { Logger } from '../../process/run.ts';
import type { Client } from '../../protocol/api/client.ts';
import type { PermissionPolicy } from '../../protocol/call/permission.ts';
import type { Signer } from '../../protocol/sign/signer.ts';
import type { ScriptHash } from '../../protocol/types/hash.ts';
import type { Limits } from '../kamailio/limits-file.ts';
import type { ChainView } from './chain-view.ts';
import type { Decks } from './decks.ts';
import type { Kamailio } from './kamailio.ts';
import type { Metrics } from './metrics.ts';
import type { Push } from './push.ts';
import type { Rates } from './rates.ts';
import type { Rtpengine } from './rtpengine.ts';
import type { Store } from './store.ts';
import type { Turn } from './turn.ts';
import type { Unbinding } from './unbinding.ts';

/** What the stages of a call are given. */
export type Deps = {
  store: Store;
  chain: ChainView;
  reader: Pick<Reader, 'provider'>;
  decks: Decks;
  /** Where a location on chain leads. */
  locate: (location: string) => Promise<string | null>;
  kamailio: Kamailio;
  unbinding: Unbinding;
  /** Null: phones and gateways talk to each other directly, and nobody sees whether sound flows. */
  rtpengine: Rtpengine | null;
  api: Pick<Client, 'call' | 'items'>;
  metrics: Metrics;
  log: Logger;
  network: number;
  contract: ScriptHash;
  /** The provider: the account of the wallet. */
  signer: Signer;
  /** Where calls to numbers go, the preferred one first. */
  gateways: readonly string[];
  /** Users sign so often for what they have talked. */
  voucherIntervalS: number;
  /** Null: there is no relay. */
  turn: Turn | null;
  /** Null: sleeping phones are not woken. */
  push: Push | null;
  /** A phone that was cut off may come back for so long. */
  graceMs: number;
  policy: PermissionPolicy;
  limits: Limits;
  rates: Rates;
  now: () => Date;
};
