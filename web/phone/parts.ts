import { pursePart } from '../purse/part.ts';
import type { Part } from './part.ts';
import { telephonePart } from './telephone/part.ts';
import { walletPart } from './wallet/part.ts';

export const parts: readonly Part[] = [walletPart, telephonePart, pursePart];

export const routes = parts.flatMap((part) => part.routes);
