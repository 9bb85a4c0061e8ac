/** How many streams there may be: in this process, and of one client in it. */
export type SeatLimits = { total: number; each: number };

export type Seats = {
  /** Takes a seat; answers how to leave it, or null where there is none left. */
  take(client: string): (() => void) | null;
};

export function createSeats({ total, each }: SeatLimits): Seats {
  const taken = new Map<string, number>();
  let sum = 0;
  const move = (client: string, by: 1 | -1) => {
    const now = (taken.get(client) ?? 0) + by;
    sum += by;
    if (now === 0) taken.delete(client);
    else taken.set(client, now);
  };
  return {
    take: (client) => {
      if (sum >= total || (taken.get(client) ?? 0) >= each) return null;
      move(client, 1);
      let isLeft = false;
      return () => {
        if (isLeft) return;
        isLeft = true;
        move(client, -1);
      };
    },
  };
}

/** Whoever has one IPv6 address has all 2^64 of its network: they count as one. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '');
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = 8 - groups.length - (tail ? tail.split(':').length : 0);
  const all = tail === undefined ? groups : [...groups, ...Array(missing).fill('0'), ...(tail ? tail.split(':') : [])];
  return `${all.slice(0, 4).join(':')}::/64`;
}
