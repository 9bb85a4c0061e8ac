import { getTariffPrice } from '../../protocol/api/tariffs.ts';
import type { Address } from '../../protocol/types/address.ts';
import { formatGas } from '../../protocol/types/datoshi.ts';
import { openApi } from '../api.ts';
import type { Settings } from '../config.ts';
import { fields, money, print } from '../print.ts';
import { SECONDS_PER_MINUTE } from './money.ts';
import { writePrefix } from './prefixes.ts';
import { providerOf } from './read-deck.ts';

type PriceGiven = { provider?: Address; minutes: string };

export async function showPrice(settings: Settings, dest: string, { provider, minutes }: PriceGiven): Promise<void> {
  const address = await providerOf(settings, provider);
  const api = await openApi(settings);
  const found = await api.call(getTariffPrice, { params: { address }, query: { dest, minutes } });
  const { entry, ratePerSecond, feePerCall, increments, seconds, price, tariffHash } = found;
  print(settings.json, { provider: address, destination: dest, minutes, ...found }, () =>
    fields({
      destination: dest,
      entry: entry === null ? 'none: such calls are free' : writePrefix(entry),
      'a minute': `${formatGas(BigInt(ratePerSecond) * SECONDS_PER_MINUTE)} GAS (${ratePerSecond} datoshi/s)`,
      'a call': money(BigInt(feePerCall)),
      increments: `${increments.initial}/${increments.further}`,
      billed: `${seconds} s for ${minutes} min`,
      price: money(BigInt(price)),
      'tariff hash': tariffHash,
    }),
  );
}
