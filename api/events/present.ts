type Payload = Record<string, unknown>;

/** A notification as it is stored, with its block's time. */
export type StoredEvent = { name: string; height: number; time: Date; txHash: string; payload: Payload };

/** Events are stored as the contract emits them, integers as strings: here they look like the rest of an answer. */
export function presentEvent({ name, height, time, txHash, payload }: StoredEvent) {
  const fields = Object.entries(payload).map(([key, value]) => [key, value === null ? null : presented(key, value)]);
  return { ...Object.fromEntries(fields), event: name, height, time: time.toISOString(), txHash };
}

const numbers = ['id', 'escrowId', 'seq', 'seconds', 'calls', 'increment', 'maxParallel', 'code'];
const times = ['openedAt', 'endsAt', 'claimDeadline', 'notBefore'];

function presented(key: string, value: unknown): unknown {
  if (numbers.includes(key)) return Number(value);
  if (times.includes(key)) return new Date(Number(value)).toISOString();
  return key === 'voucherKey' ? String(value).replace(/^0x/, '') : value;
}
