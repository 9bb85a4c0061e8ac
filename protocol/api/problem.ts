import { z } from 'zod';

const fieldErrorSchema = z.object({
  path: z.string().meta({ description: 'the parameter, header or field, e.g. cdrs.0.user' }),
  message: z.string(),
});

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: 'stable; what a client matches', example: 'invalidRequest' }),
    detail: z.string(),
    errors: z.array(fieldErrorSchema),
  })
  .meta({ id: 'Problem' });

export type Problem = z.infer<typeof problemSchema>;
export type FieldError = z.infer<typeof fieldErrorSchema>;
