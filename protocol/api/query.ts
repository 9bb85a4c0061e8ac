import { z } from 'zod';

const asked = { type: z.string(), address: z.string() };

/** The answers of the original KRYPTON.live call. */
export const queryFoundSchema = z
  .object({ status: z.literal('success'), ...asked, code: z.literal(200), value: z.string() })
  .meta({ id: 'QueryFound' });

export const queryFailedSchema = z
  .object({
    status: z.literal('failed'),
    ...asked,
    code: z.union([z.literal(400), z.literal(404)]),
    message: z.string(),
  })
  .meta({ id: 'QueryFailed' });
