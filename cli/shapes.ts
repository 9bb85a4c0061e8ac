import { z } from 'zod';

/** What the API answers, as far as it is shown here; more fields are welcome and go on into `--json`. */
const amount = z.string().regex(/^\d+$/).transform(BigInt);

export const listOf = <T>(item: z.ZodType<T>) => z.looseObject({ items: z.array(item), next: z.string().nullable() });

export const statusSchema = z.looseObject({
  network: z.number(),
  contract: z.string(),
  nodeHeight: z.number().nullable(),
  indexHeight: z.number(),
  lag: z.number().nullable(),
  version: z.string(),
});
export type ApiStatus = z.infer<typeof statusSchema>;

export const escrowSchema = z.looseObject({
  id: z.number(),
  user: z.string(),
  provider: z.string(),
  state: z.string(),
  amount,
  spent: amount,
  refunded: amount.nullable(),
  calls: z.number(),
  endsAt: z.string(),
  claimDeadline: z.string(),
  history: z.array(z.looseObject({ event: z.string(), height: z.number(), time: z.string(), txHash: z.string() })),
});

const verdictSchema = z.looseObject({
  callId: z.string().nullable(),
  id: z.number().nullable(),
  verdict: z.string(),
  state: z.string().nullable(),
  reason: z.string().nullable(),
});
export const verdictsSchema = z.looseObject({ cdrs: z.array(verdictSchema) });
export type Verdict = z.infer<typeof verdictSchema>;

export const cdrSchema = z.looseObject({
  id: z.number(),
  provider: z.string(),
  callId: z.string(),
  escrowId: z.number(),
  user: z.string(),
  state: z.string(),
  reason: z.string().nullable(),
  reasonCode: z.string().nullable(),
  billableSeconds: z.number().nullable(),
  amount: amount.nullable(),
  price: z
    .looseObject({
      ratePerSecond: z.string(),
      feePerCall: z.string(),
      increments: z.looseObject({ initial: z.number(), further: z.number() }),
      entry: z.string().nullable(),
    })
    .nullable(),
  txHash: z.string().nullable(),
  height: z.number().nullable(),
  from: z.string(),
  to: z.string(),
  startedAt: z.string(),
  answeredAt: z.string().nullable(),
  endedAt: z.string(),
  disposition: z.string(),
});
export type Cdr = z.infer<typeof cdrSchema>;

const claimSchema = z.looseObject({
  escrowId: z.number(),
  seq: z.number(),
  amount: amount.nullable(),
  seconds: z.number().nullable(),
  calls: z.number().nullable(),
  accepted: z.boolean(),
  code: z.number().nullable(),
});
export type ClaimAnswer = z.infer<typeof claimSchema>;

export const settlementSchema = z.looseObject({
  txHash: z.string(),
  height: z.number(),
  time: z.string(),
  claims: z.array(claimSchema),
});
