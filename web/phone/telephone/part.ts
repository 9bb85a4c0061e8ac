import type { Part } from '../part.ts';

export const telephonePart: Part = { routes: [] };
