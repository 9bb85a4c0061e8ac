import type { Brand } from './brand.ts';

/** Index of a block. */
export type Height = Brand<number, 'Height'>;

export const height = (value: number): Height => value as Height;
