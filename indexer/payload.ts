import type { ContractEvent } from '../protocol/contract/event.ts';

/** A notification's fields as they are stored: integers as decimal strings, as JSON can't hold them all. */
export function payloadOf(event: ContractEvent): string {
  let text = '';
  for (const [name, value] of Object.entries(event)) {
    if (name === 'name') continue;
    text += `${text === '' ? '{' : ','}"${name}":${textOf(value)}`;
  }
  return text === '' ? '{}' : `${text}}`;
}

function textOf(value: string | bigint | boolean | null): string {
  if (typeof value === 'bigint') return `"${value}"`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
