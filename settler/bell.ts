/** Wakes whoever waits. Once rung it stays rung until somebody has waited, so that no ring is missed. */
export type Bell = { ring(): void; next(): Promise<void> };

export function createBell(): Bell {
  let isRung = false;
  let wake: (() => void) | undefined;
  return {
    ring: () => {
      isRung = true;
      wake?.();
    },
    next: async () => {
      if (!isRung)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      isRung = false;
    },
  };
}
