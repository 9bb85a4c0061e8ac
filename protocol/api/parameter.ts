import { z } from 'zod';
import { addressSchema } from '../types/address.ts';
import { txHashSchema } from '../types/hash.ts';
import { isRealTime } from '../types/time.ts';

/** Parameters and headers of requests; what they are read as stands behind the `transform`. */
export const addressParameter = addressSchema.meta({ type: 'string', description: 'NEO N3 address (N…)' });
export const txHashParameter = txHashSchema.meta({ type: 'string', description: '0x and 64 hex digits' });

const idError = 'expected a whole number from 1 on';
export const idParameter = z
  .string()
  .regex(/^[1-9]\d{0,15}$/, idError)
  .transform(Number)
  .refine(Number.isSafeInteger, idError)
  .meta({ type: 'integer', minimum: 1 });

const timeError = 'expected a time as RFC 3339 with an offset, e.g. 2026-01-31T12:00:00Z';
export const timeParameter = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+ -]\d\d:\d\d)$/, timeError)
  .transform((text) => text.replace(' ', '+')) // an unescaped + in a query arrives as a space
  .refine(isRealTime, timeError)
  .transform((text) => new Date(text))
  // the years that RFC 3339 can write, also in UTC
  .refine((time) => time.getUTCFullYear() >= 1 && time.getUTCFullYear() <= 9999, timeError)
  .meta({ type: 'string', format: 'date-time' });

const indexError = 'expected the index of a block';
export const heightParameter = z
  .string()
  .regex(/^\d{1,9}$/, indexError)
  .transform(Number)
  .meta({ type: 'integer' });

/** For what can be asked of an earlier block. */
export const asOfHeight = heightParameter
  .optional()
  .meta({ type: 'integer', description: 'what was true as of this block; left out: as of the newest one' });

/** Headers of every request for chain state. */
export const heightHeaders = z.object({
  'min-height': z
    .string()
    .regex(/^\d{1,10}$/, indexError)
    .optional()
    .meta({ description: 'answer once the index has this block; 503 where that takes longer than 20 seconds' }),
  'if-none-match': z.string().optional().meta({ description: 'ETag of an earlier answer: 304 while it holds' }),
});
