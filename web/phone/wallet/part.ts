import type { Part } from '../part.ts';

export const walletPart: Part = { routes: [] };
