import { signRequest } from '../../protocol/sign/http-signature.ts';
import type { Address } from '../../protocol/types/address.ts';
import { until } from '../load.ts';
import { type Person, terms } from './people.ts';

/** An escrow, and what its calls come to by our own books. */
export type Account = Person & { escrowId: bigint; calls: bigint; seconds: bigint; price: bigint };

const CDRS = 1_000;
const CONNECTIONS = 3;
/** Calls last 1 to 4 s: few of one escrow at a time, however fast they are handed in. */
const [SHORTEST_MS, LONGEST_MS] = [1_000, 4_000];

let made = 0;

/** A call that ends now. */
function cdrOf(account: Account) {
  made += 1;
  const ms = SHORTEST_MS + ((made * 7_919) % (LONGEST_MS - SHORTEST_MS + 1));
  const seconds = BigInt(Math.ceil(ms / 1_000));
  account.calls += 1n;
  account.seconds += seconds;
  account.price += terms.feePerCall + terms.ratePerSecond * seconds;
  const endedAt = Date.now();
  const answeredAt = new Date(endedAt - ms).toISOString();
  return {
    callId: `${made}@proxy.example.org`,
    escrowId: Number(account.escrowId),
    user: account.signer.address,
    direction: 'outbound',
    from: '+31201234567',
    to: '+4930123456',
    startedAt: answeredAt,
    answeredAt,
    endedAt: new Date(endedAt).toISOString(),
    disposition: 'answered',
    sipStatus: 200,
    hangupBy: 'caller',
  };
}

/**
 * Hands in so many calls by signed requests of a thousand, those of all escrows by turns; as fast as they are taken, or
 * so many a second. @throws where one is not accepted
 */
export async function handIn(
  apiUrl: string,
  accounts: readonly Account[],
  calls: number,
  perSecond = Number.POSITIVE_INFINITY,
): Promise<void> {
  const byProvider = [...Map.groupBy(accounts, ({ provider }) => provider.address).values()];
  const next = new Map<Address, number>();
  const url = `${apiUrl}/v1/cdrs`;
  let handed = 0;
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (handed < calls) {
        const own = byProvider[Math.floor(handed / CDRS) % byProvider.length] as Account[];
        const count = Math.min(CDRS, calls - handed);
        const dueAt = begin + (handed / perSecond) * 1_000;
        handed += count;
        await until(dueAt);
        const [{ provider }] = own as [Account];
        const first = next.get(provider.address) ?? 0;
        next.set(provider.address, first + count);
        const cdrs = Array.from({ length: count }, (_, i) => cdrOf(own[(first + i) % own.length] as Account));
        await post(url, JSON.stringify({ cdrs }), provider, count);
      }
    }),
  );
}

async function post(url: string, body: string, provider: Person['provider'], count: number): Promise<void> {
  const headers = await signRequest(
    { method: 'POST', url, body, headers: { 'content-type': 'application/json' } },
    provider,
  );
  const response = await fetch(url, { method: 'POST', body, headers });
  const answer = await response.text();
  const accepted = answer.split('"verdict":"accepted"').length - 1;
  if (!response.ok || accepted !== count)
    throw new Error(`${accepted} of ${count} CDRs were accepted, status ${response.status}: ${answer.slice(0, 500)}`);
}
