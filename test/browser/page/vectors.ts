import type { DelegationScope } from '../../../protocol/sign/delegation.ts';
import type { SignatureForm } from '../../../protocol/sign/wallet-message.ts';
import type { PublicKey } from '../../../protocol/types/public-key.ts';

/**
 * `contract/testdata/vectors.json` as the contract's Go tests write it. Bytes are hex, money and ids decimal strings; a
 * contract's hash is in the order in which the VM holds it.
 */
export type Vectors = {
  vouchers: VoucherVector[];
  storageKeys: StorageKeyVector[];
  prices: PriceVector[];
  merkleSumTrees: TreeVector[];
  keys: KeyVector[];
  transactions: TransactionVector[];
  requests: RequestVector[];
  /** Node.js only. */
  nep2: Nep2Vector[];
  delegations: DelegationVector[];
  registrations: RegistrationVector[];
};

export type VoucherVector = {
  network: number;
  contract: string;
  escrowId: string;
  total: string;
  message: string;
  publicKey: PublicKey;
  signature: string;
  valid: boolean;
  why: string;
};

export type StorageKeyVector = { entry: string; hash?: string; id?: string; key: string };

export type PriceVector = {
  answeredMs: number | null;
  ratePerSecond: string;
  feePerCall: string;
  initialIncrement: number;
  increment: number;
  seconds: string;
  price: string;
};

type Step = { side: 'left' | 'right'; hash: string; sum: string };
export type TreeVector = {
  leaves: { json: string; amount: string; hash: string }[];
  root: string;
  sum: string;
  proofs: { index: number; steps: Step[] }[];
};

export type KeyVector = {
  privateKey: string;
  wif: string;
  publicKey: PublicKey;
  script: string;
  address: string;
  multisigScript: string;
  multisigAddress: string;
};

export type TransactionVector = {
  why: string;
  privateKey: string;
  /** Signed for the 1-of-1 multisig account of the key. */
  multisig: boolean;
  network: number;
  contract: string;
  method: string;
  arguments: Record<string, string | null>;
  nonce: number;
  validUntilBlock: number;
  systemFee: string;
  networkFee: string;
  script: string;
  hash: string;
  highS: boolean;
  bytes: string;
};

export type RequestVector = {
  why: string;
  privateKey: string;
  method: string;
  url: string;
  headers: Record<string, string> | null;
  body: string | null;
  created: number;
  expires: number | null;
  nonce: string;
  components: string[] | null;
  /** What is signed. */
  base: string;
  contentDigest: string | null;
  signatureInput: string;
  signature: string;
};

export type Nep2Vector = {
  privateKey: string;
  password: string;
  scrypt: { n: number; r: number; p: number };
  encrypted: string;
};

export type DelegationVector = {
  why: string;
  network: number;
  contract: string;
  /** Of the wallet. */
  privateKey: string;
  delegate: PublicKey;
  notAfter: number;
  scope: DelegationScope;
  form: SignatureForm;
  /** Of the legacy form. */
  salt?: string;
  statement: string;
  /** What a wallet of the legacy form is asked to sign. */
  text?: string;
  /** The statement as the wallet wraps it. */
  message: string;
  signature: string;
  header: string;
  valid: boolean;
};

export type RegistrationVector = {
  why: string;
  network: number;
  contract: string;
  /** In the order in which the VM holds it, as the contract's hash. */
  provider: string;
  nonce: string;
  /** Of the phone's user. */
  privateKey: string;
  form: SignatureForm;
  /** Of the legacy form. */
  salt?: string;
  statement: string;
  /** The statement as the wallet wraps it. */
  message: string;
  signature: string;
  valid: boolean;
};
