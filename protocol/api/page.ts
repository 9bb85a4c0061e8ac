import { z } from 'zod';

/** The largest page: a reader of everything makes few requests, and one answer stays some megabytes. */
const MAX_LIMIT = 1000;
const DEFAULT_LIMIT = 50;
/** Our own cursors are shorter. */
const MAX_CURSOR_LENGTH = 512;

const limitError = `expected a whole number from 1 to ${MAX_LIMIT}`;

export const pageQuery = {
  limit: z
    .string()
    .regex(/^\d{1,4}$/, limitError)
    .transform(Number)
    .refine((value) => value >= 1 && value <= MAX_LIMIT, limitError)
    .default(DEFAULT_LIMIT)
    .meta({ type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT }),
  cursor: z
    .string()
    .max(MAX_CURSOR_LENGTH)
    .optional()
    .meta({ description: '`next` of the page before, with the same other parameters' }),
};

/** `{items, next}`: a page of a list. */
export const listOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    next: z.string().nullable().meta({ description: 'cursor of the next page; null on the last one' }),
  });
