import { z } from 'zod';
import { loadConfig } from '../process/config.ts';
import { settings, wholeNumber } from '../process/settings.ts';
import { addressSchema } from '../protocol/types/address.ts';
import { datoshiSchema } from '../protocol/types/datoshi.ts';

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
      healthHost: settings.healthHost,
      healthPort: settings.healthPort,
      logLevel: settings.logLevel,
      /** NEP-6 file of the operator's key. It can settle for providers that named it, and never receive their money. */
      wallet: z.string({ error: "expected the path of the operator's NEP-6 wallet file" }),
      walletPassword: z.string().optional(),
      walletPasswordFile: z.string().optional(),
      /**
       * A claim is made at the latest when its oldest call has waited so long: fees are shared by what comes in
       * meanwhile.
       */
      settleMaxAgeMs: wholeNumber('milliseconds', { min: 0, max: 24 * hour }).default(hour / 4),
      /** ... or as soon as so many datoshi are owed by one escrow. */
      settleAmount: datoshiSchema.default(datoshiSchema.parse('100000000')),
      /**
       * ... or when the escrow ends. Calls that no voucher covers wait for one until the claim deadline is this near
       * (or half of the claim window is over): time for some failed attempts.
       */
      settleBeforeDeadlineMs: wholeNumber('milliseconds', { min: 1_000, max: 24 * hour }).default(hour / 6),
      /** Less is never claimed from an escrow at a time, in datoshi ... */
      settleMinAmount: datoshiSchema.default(datoshiSchema.parse('0')),
      /** ... nor less than so many times what a claim costs at the least, at the chain's prices of today. */
      settleMinFees: wholeNumber('how many fees', { min: 0, max: 1_000 }).default(2),
      /**
       * After its claim deadline, the rest of an escrow is given back to its user where it is at least so many times what
       * the refund costs; `off`: never. The operator pays, and gets nothing for it. To open an escrow costs more than to
       * refund it: who makes an operator refund many loses more than the operator.
       */
      refundMinFees: z
        .literal('off')
        .or(wholeNumber('how many fees, or off', { min: 0, max: 1_000 }))
        .default(10),
      /**
       * Providers to settle for, by address, comma-separated; `any`: all that named this operator. It pays their fees,
       * and a stranger who is provider and user in one can make it pay for moving their own money to and fro.
       */
      settleProviders: z
        .string({
          error: 'expected the addresses of the providers that the operator pays fees for, comma-separated, or any',
        })
        .transform((text) => (text.trim() === 'any' ? null : text.split(',').map((address) => address.trim())))
        .pipe(z.array(addressSchema).nullable()),
      /**
       * How many blocks the network has to take a transaction in. Short: only after them a lost one may be sealed anew.
       */
      validForBlocks: wholeNumber('blocks', { min: 2, max: 5_760 }).default(20),
      /**
       * Bounds on what the signer spends. A block of the public networks holds 20 GAS of system fee: nothing dearer is
       * ever taken in.
       */
      feePerTransactionLimit: datoshiSchema.default(datoshiSchema.parse('1900000000')),
      feePerHourLimit: datoshiSchema.default(datoshiSchema.parse('10000000000')),
    },
    env,
  );
}
