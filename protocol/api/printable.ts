import { z } from 'zod';

/** No control, formatting, surrogate or line separating characters: nothing that Postgres refuses or a log garbles. */
const pattern = '^[^\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]+$';
const onlyPrintable = new RegExp(pattern, 'u');

/** Text that a person could read. */
export const printable = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => onlyPrintable.test(text), 'expected printable characters only')
    .meta({ pattern });
