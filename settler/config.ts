import { z } from 'zod';
import { addressSchema, datoshiSchema } from '../chain/types.ts';
import { loadConfig } from '../process/config.ts';
import { settings, wholeNumber } from '../process/settings.ts';

export type Config = ReturnType<typeof loadSettlerConfig>;

const hour = 3_600_000;

export function loadSettlerConfig(env: NodeJS.ProcessEnv) {
  return loadConfig(
    {
      databaseUrl: settings.databaseUrl,
      redisUrl: settings.redisUrl,
      rpcUrl: settings.rpcUrl,
      network: settings.network,
      contract: settings.contract,
      logLevel: settings.logLevel,
      /** NEP-6 file of the operator's key. It can settle for providers that named it, and never receive their money. */
      wallet: z.string({ error: "expected the path of the operator's NEP-6 wallet file" }),
      walletPassword: z.string().optional(),
      walletPasswordFile: z.string().optional(),
      /** A claim is made at the latest when its oldest call has waited so long: fees are shared by what comes in meanwhile. */
      settleMaxAgeMs: wholeNumber('milliseconds', { min: 0, max: 24 * hour }).default(hour / 4),
      /** ... or as soon as so many datoshi are owed by one escrow. */
      settleAmount: datoshiSchema.default(datoshiSchema.parse('100000000')),
      /** ... or when the claim deadline is this near: time for some failed attempts. */
      settleBeforeDeadlineMs: wholeNumber('milliseconds', { min: 1_000, max: 24 * hour }).default(hour / 6),
      /** Less is never claimed from an escrow at a time: the fee of a claim should be worth it. */
      settleMinAmount: datoshiSchema.default(datoshiSchema.parse('0')),
      /** Providers to settle for, by address, comma-separated. Left out: all that named this operator, who pays their fees. */
      settleProviders: z
        .string()
        .transform((text) => text.split(',').map((address) => address.trim()))
        .pipe(z.array(addressSchema))
        .optional(),
      /** How many blocks the network has to take a transaction in. Short: only after them a lost one may be sealed anew. */
      validForBlocks: wholeNumber('blocks', { min: 2, max: 5_760 }).default(20),
      /** Bounds on what the signer spends: 512 claims cost about 60 GAS at the chain's genesis prices, far less on main net. */
      feePerTransactionLimit: datoshiSchema.default(datoshiSchema.parse('10000000000')),
      feePerHourLimit: datoshiSchema.default(datoshiSchema.parse('100000000000')),
    },
    env,
  );
}
