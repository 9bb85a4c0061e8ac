import { z } from '@hono/zod-openapi';

const fieldErrorSchema = z.object({
  path: z.string().openapi({ description: 'the parameter, header or field, e.g. cdrs.0.user' }),
  message: z.string(),
});

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().openapi({ description: 'stable; what a client matches', example: 'invalidRequest' }),
    detail: z.string(),
    errors: z.array(fieldErrorSchema),
  })
  .openapi('Problem');

export type Problem = z.infer<typeof problemSchema>;
export type FieldError = z.infer<typeof fieldErrorSchema>;
