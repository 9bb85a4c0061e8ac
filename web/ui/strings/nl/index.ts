import { providers } from './providers.ts';
import { purse } from './purse.ts';
import { rescue } from './rescue.ts';
import { shared } from './shared.ts';
import { telephone } from './telephone.ts';
import { wallet } from './wallet.ts';

export const dutch = { shared, wallet, telephone, purse, providers, rescue };
