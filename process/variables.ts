/**
 * Every environment variable that any KRYPTON process reads. One list, so that a mistyped name is refused by
 * whichever process sees it first instead of being ignored by all of them.
 */
export const variables = [
  'KRYPTON_API_AUTHORITY',
  'KRYPTON_API_HOST',
  'KRYPTON_API_PORT',
  'KRYPTON_API_URL',
  'KRYPTON_BLOCK_MS',
  'KRYPTON_CONTRACT',
  'KRYPTON_CORS_ORIGIN',
  'KRYPTON_DATABASE_URL',
  'KRYPTON_DEPLOYED_AT',
  'KRYPTON_EMPTY_BLOCK_MS',
  'KRYPTON_FEE_PER_HOUR_LIMIT',
  'KRYPTON_FEE_PER_TRANSACTION_LIMIT',
  'KRYPTON_HOME',
  'KRYPTON_LOG_LEVEL',
  'KRYPTON_NETWORK',
  'KRYPTON_REDIS_URL',
  'KRYPTON_RPC_URL',
  'KRYPTON_SETTLE_AMOUNT',
  'KRYPTON_SETTLE_BEFORE_DEADLINE_MS',
  'KRYPTON_SETTLE_MAX_AGE_MS',
  'KRYPTON_SETTLE_MIN_AMOUNT',
  'KRYPTON_SETTLE_PROVIDERS',
  'KRYPTON_VALID_FOR_BLOCKS',
  'KRYPTON_WALLET',
  'KRYPTON_WALLET_PASSWORD',
  'KRYPTON_WALLET_PASSWORD_FILE',
] as const;

export type Variable = (typeof variables)[number];
