import { z } from 'zod';
import { deadSchema, eventSchema, transcriptSchema } from './messages.ts';
import { type Topic, topics } from './topics.ts';

const DIALECT = 'draft-2020-12';

const titles: Readonly<Record<Topic, [z.ZodType, string]>> = {
  [topics.events]: [
    eventSchema,
    'Every fact of every call. Keyed by CallSid. More fields and more types of facts may come.',
  ],
  [topics.transcripts]: [
    transcriptSchema,
    'What was said in calls, what of it was heard, and what was taken back. Keyed by CallSid.',
  ],
  [topics.dead]: [deadSchema, 'Messages that a consumer could not take in, and why. Keyed as they were.'],
};

/** JSON Schemas of all topics, made of what checks the messages: file name → text. */
export function schemaFiles(): Map<string, string> {
  return new Map(
    Object.entries(titles).map(([topic, [schema, description]]) => {
      const json = z.toJSONSchema(schema, { target: DIALECT, io: 'input' });
      return [`${topic}.v1.json`, `${JSON.stringify({ title: topic, description, ...json }, null, 2)}\n`];
    }),
  );
}
