import type { z } from 'zod';

/** What any stream may be refused with. */
export const streamRefusals = ['invalidRequest', 'unknownPosition', 'tooManyStreams', 'databaseUnavailable'] as const;

/** A stream in the OpenAPI document, which has no words for a sequence: the schema is of what each event holds. */
export const streamOf = <T extends z.ZodType>(item: T) => ({
  description:
    'events, the data of each in JSON of this schema; besides, `position` tells a place to go on from, and `end` says ' +
    'why the stream ends ({code, detail})',
  content: { 'text/event-stream': { schema: item } },
});
