import { t } from '../ui/strings/strings.ts';

/** What the contract holds for an address, and how to take it back with nothing but a node. */
export function Rescue() {
  return <h1>{t.value.purse.title}</h1>;
}
