import { readJournal } from '../directory/journal.ts';
import type { RedisLink } from '../directory/redis.ts';
import type { ToolUse } from './caller/transcript.ts';
import type { CallEvent } from '../../machines/call-events.ts';
import type { Heard, SimCall } from './twilio/index.ts';

const POLL_MS = 200;

/** What the node wrote down of a call while it goes on: its tools, and the words for a model that has a real voice. */
export interface JournalWitness {
  tools(): readonly ToolUse[];
  /** The assistant's words as far as the journal says they were heard; times are ms since the call was placed. */
  utterances(): readonly Heard[];
  stop(): Promise<void>;
}

/** Reads the journal of one call again and again until it is stopped, and once more then. */
export function watchJournal(link: RedisLink, call: SimCall): JournalWitness {
  let facts: CallEvent[] = [];
  let stopped = false;
  const read = async (): Promise<void> => {
    const entries = await readJournal(link, call.sid).catch(() => null);
    if (entries) facts = entries.flatMap((entry) => (entry.kind === 'fact' ? [entry.fact] : []));
  };
  const loop = (async () => {
    while (!stopped) {
      await read();
      // A witness that nobody stops must not keep the process alive.
      await new Promise((resolve) => setTimeout(resolve, POLL_MS).unref());
    }
    await read();
  })();
  const originMs = call.leg.createdAt.getTime();
  return {
    tools: () =>
      facts.flatMap((fact): ToolUse[] =>
        fact.type === 'tool.asked' ? [{ name: fact.name, arguments: fact.arguments, atMs: fact.at - originMs }] : [],
      ),
    utterances: () =>
      facts.flatMap((fact, index): Heard[] => {
        if (fact.type !== 'assistant.heard' || fact.text === '') return [];
        const endMs = fact.at - originMs;
        return [
          {
            speaker: 'assistant',
            utterance: index,
            text: fact.text,
            startMs: endMs - fact.heardMs,
            endMs,
            whole: !fact.cut,
            faults: 0,
          },
        ];
      }),
    async stop() {
      stopped = true;
      await loop;
    },
  };
}
