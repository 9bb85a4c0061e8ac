export interface NodePace {
  /** A block with transactions follows the one before it after this time. */
  readonly blockMs: number;
  /** With nothing to put in, a block comes only after this time: fewer empty ones. More than blockMs. */
  readonly emptyBlockMs: number;
  readonly inMemory: boolean;
}

interface NodeWallet {
  readonly path: string;
  readonly password: string;
}

interface NodeSettings {
  readonly network: number;
  /** Where it listens for JSON-RPC, and for peers: `host:port`. */
  readonly listen: { readonly rpc: string; readonly peers: string };
  readonly wallet: NodeWallet;
  readonly publicKey: string;
  readonly pace: NodePace;
  readonly chain: string;
}

/**
 * One validator. Written as JSON, which is YAML. neo-go refuses an unknown key at start.
 * The hard forks are left out: all stable ones then hold from block 0.
 */
export function nodeConfig({ network, listen, wallet, publicKey, pace, chain }: NodeSettings): string {
  const database = pace.inMemory
    ? { Type: 'inmemory' }
    : { Type: 'leveldb', LevelDBOptions: { DataDirectoryPath: chain } };
  const config = {
    ProtocolConfiguration: {
      Magic: network,
      TimePerBlock: `${pace.blockMs}ms`,
      MaxTimePerBlock: `${pace.emptyBlockMs}ms`,
      Genesis: { TimePerBlock: `${pace.blockMs}ms` }, // the one that counts since the Echidna fork
      MaxTraceableBlocks: 200_000,
      MaxValidUntilBlockIncrement: 5760, // what a public network has at 15 s blocks; neon-js assumes it
      MaxBlockSystemFee: 900_000_000_000, // 9000 GAS: room for a block full of settlements
      MaxTransactionsPerBlock: 512,
      MemPoolSize: 50_000,
      StandbyCommittee: [publicKey],
      ValidatorsCount: 1,
      VerifyTransactions: true,
      P2PSigExtensions: false,
    },
    ApplicationConfiguration: {
      LogTimestamp: true, // else only on a terminal
      DBConfiguration: database,
      P2P: {
        Addresses: [listen.peers],
        MinPeers: 0, // consensus does not begin below this number of peers
        MaxPeers: 10,
        DialTimeout: '3s',
        ProtoTickInterval: '2s',
        PingInterval: '30s',
        PingTimeout: '90s',
      },
      Relay: true,
      Consensus: { Enabled: true, UnlockWallet: { Path: wallet.path, Password: wallet.password } },
      RPC: {
        Enabled: true,
        Addresses: [listen.rpc],
        MaxGasInvoke: 500, // no default: left out, every test invocation would fault
        MaxRequestBodyBytes: 5_242_880, // the default of 1 MiB is less than a full settlement transaction's batch
        SessionEnabled: true,
        EnableCORSWorkaround: true, // a page asks its node itself
      },
      Prometheus: { Enabled: false, Addresses: [] },
      Pprof: { Enabled: false, Addresses: [] },
    },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
