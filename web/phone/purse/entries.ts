import type { Entry } from '../../purse/core/journal.ts';
import { type Deed, statementOf } from '../../purse/core/statement.ts';

/** Read from the bytes that were signed, not from what was meant. */
export const deedsOfEntry = ({ content, contract, address }: Entry): Deed[] =>
  statementOf(content, { contract, signer: address }).deeds;
