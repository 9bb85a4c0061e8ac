/** What any stream may be refused with. */
export const streamRefusals = ['invalidRequest', 'unknownPosition', 'tooManyStreams', 'databaseUnavailable'] as const;

/** A stream in the OpenAPI document, which can't describe the events of one. */
export const streamOf = (schema: string) => ({
  description:
    `events whose data is \`${schema}\` in JSON; \`position\` tells a place to go on from, \`end\` says why the stream ` +
    'ends ({code, detail})',
  content: {
    'text/event-stream': {
      schema: {
        type: 'string' as const,
        contentMediaType: 'application/json',
        'x-event': `#/components/schemas/${schema}`,
      },
    },
  },
});
