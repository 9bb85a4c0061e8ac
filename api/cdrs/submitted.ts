import { type CdrVerdict, submittedCdrSchema } from '../../protocol/api/cdrs.ts';
import { fieldErrors, inWords } from '../http/problem.ts';
import { type CdrContent, contentHash, contentOf } from './content.ts';
import { readUsual } from './usual-cdr.ts';

/** A CDR of the right form, with the SHA-256 (hex) that stands for its content. */
export type Candidate = { content: CdrContent; hash: string };

/** What is wrong with an item, or the CDR in it. */
export type Read = { candidate: Candidate } | Pick<CdrVerdict, 'callId' | 'reason'>;

export function readItem(item: unknown): Read {
  const usual = readUsual(item);
  if (usual) return { candidate: { content: usual, hash: contentHash(usual) } };
  const parsed = submittedCdrSchema.safeParse(item);
  if (parsed.success) {
    const content = contentOf(parsed.data);
    return { candidate: { content, hash: contentHash(content) } };
  }
  const { callId } = (item ?? {}) as { callId?: unknown };
  return {
    callId: typeof callId === 'string' ? callId : null,
    reason: fieldErrors(parsed.error).map(inWords).join('; '),
  };
}
