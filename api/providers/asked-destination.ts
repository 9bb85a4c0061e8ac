import { type Destination, destinationOf } from '../../protocol/call/destination.ts';
import { Refusal } from '../http/problem.ts';

/** @throws Refusal invalidRequest */
export function askedDestination(dest: string): Destination {
  const text = dest.replace(/^ /, '+'); // an unescaped + in a query arrives as a space
  const destination = destinationOf({ direction: text === 'in:' ? 'inbound' : 'outbound', to: text });
  if (destination.kind !== 'other') return destination;
  const message = 'expected an E.164 number (+ and up to 15 digits), a NEO address, in: or sms:';
  throw new Refusal('invalidRequest', `dest: ${message}`, { errors: [{ path: 'dest', message }] });
}
