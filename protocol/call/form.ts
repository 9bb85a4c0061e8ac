import { z } from 'zod';
import { isRealTime } from '../types/time.ts';

/** Longest callId, number or SIP URI: RFC 3261 names no bound, and 255 is what SIP proxies keep. */
const MAX_TEXT = 255;
const MAX_HANGUP_BY = 64;

/**
 * A callId has one spelling: visible ASCII, which is what RFC 3261 makes Call-IDs and tags of, compared byte by byte.
 * So no blank, no look-alike and nothing invisible tells two CDRs of one call apart.
 */
const callIdPattern = /^[!-~]+$/;

export const callIdSchema = z
  .string()
  .min(1)
  .max(MAX_TEXT)
  .regex(callIdPattern, 'expected visible ASCII characters only, without any white space (RFC 3261: Call-ID, tag)')
  .meta({ description: 'with the provider it identifies the call: one for each answered leg' });

/**
 * What can't be seen: control and format characters, surrogates, private and unassigned ones, whatever Unicode lets a
 * renderer leave out, white space but the ordinary blank, and the Braille pattern without dots.
 */
const unseen = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\u2800]|(?! )\p{Zs}/u;
/** White space that is to be seen as such stands between what can be seen. */
const blankAtAnEnd = /^ | $/;

/** Text that a person reads, in one spelling. */
const visible = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => !unseen.test(text), 'expected visible characters only; of white space, the ordinary blank')
    .refine((text) => !blankAtAnEnd.test(text), 'expected no white space at its ends')
    .refine((text) => text.normalize('NFC') === text, 'expected Unicode normal form C (composed characters)');

export const partySchema = visible(MAX_TEXT).meta({ description: 'E.164 number, SIP URI or NEO address' });
export const hangupBySchema = visible(MAX_HANGUP_BY).meta({ description: 'who ended the call, e.g. caller' });

const timeError =
  'expected a time as RFC 3339 with an offset, e.g. 2026-01-31T12:00:00.000Z, in the years 2000 to 2199';

/** RFC 3339; what is finer than a millisecond is cut off. A leap second is none of ours. */
export const timeSchema = z
  .string({ error: timeError })
  .regex(/^2[01]\d\d-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/, timeError)
  .refine(isRealTime, timeError)
  .transform((text) => new Date(text))
  .meta({ format: 'date-time' });
