import type { ContractEvent } from '../protocol/contract/event.ts';

/** A notification's fields as they are stored: integers as decimal strings, as JSON can't hold them all. */
export function payloadOf(event: ContractEvent): string {
  const fields = event as Readonly<Record<string, string | bigint | boolean | null>>;
  let text = '';
  for (const name in fields) if (name !== 'name') text += `${text === '' ? '' : ','}"${name}":${json(fields[name])}`;
  return `{${text}}`;
}

const json = (value: string | bigint | boolean | null | undefined): string =>
  typeof value === 'bigint' ? `"${value}"` : (JSON.stringify(value) ?? 'null');
