import type { Part } from '../phone/part.ts';

export const pursePart: Part = { routes: [] };
