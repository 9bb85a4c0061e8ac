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
