import { type JournalEntry, readJournal } from '../directory/journal.ts';
import type { RedisLink, RedisScan } from '../directory/redis.ts';
import { storedJournals } from '../directory/stored-calls.ts';
import type { KafkaLink } from '../kafka/client.ts';
import { decodeEvent } from '../kafka/messages.ts';
import { readTopic } from '../kafka/read-topic.ts';
import { topics } from '../kafka/topics.ts';
import type { IsSynthetic } from '../telemetry/synthetic-sid.ts';
import type { FactSource } from './rebuild.ts';
import { isBefore, type StoredFact } from './stored-fact.ts';

/** Messages that are no fact, or of a release that is newer, are passed over: `onSkipped` is told of each. */
export function factsInKafka(kafka: KafkaLink, onSkipped: (why: string) => void): FactSource {
  return {
    async read(take) {
      let count = 0;
      await readTopic(kafka, topics.events, async ({ messages }) => {
        const facts = messages.flatMap(({ value }): StoredFact[] => {
          const decoded = decodeEvent(value);
          if (decoded.kind === 'fact') return [decoded.fact];
          onSkipped(decoded.kind === 'unknown' ? `of a type that is not known: ${decoded.type}` : decoded.reason);
          return [];
        });
        count += facts.length;
        await take(facts);
      });
      return count;
    },
  };
}

/** Without calls that nobody made: no row is ever made of them. */
export const withoutSyntheticCalls = (source: FactSource, isSynthetic: IsSynthetic): FactSource => ({
  read: (take) => source.read((facts) => take(facts.filter(({ callSid }) => !isSynthetic(callSid)))),
});

/** Calls of about a day, one after the other. */
export function factsInRedis(link: RedisLink & RedisScan): FactSource {
  return {
    async read(take) {
      let count = 0;
      for await (const callSids of storedJournals(link))
        for (const callSid of callSids) {
          const journal = await readJournal(link, callSid);
          const facts = journal.flatMap((entry): StoredFact[] =>
            entry.kind === 'fact' ? [factOf(callSid, entry)] : [],
          );
          count += facts.length;
          await take(facts);
        }
      return count;
    },
  };
}

const factOf = (callSid: string, { epoch, seq, fact }: Extract<JournalEntry, { kind: 'fact' }>): StoredFact => ({
  callSid,
  epoch,
  seq,
  fact,
});

/** The journal of one call, as far as Kafka still has it: without the markers of claims, which are no facts. */
export async function journalInKafka(kafka: KafkaLink, callSid: string): Promise<JournalEntry[]> {
  const found = new Map<string, StoredFact>();
  await readTopic(kafka, topics.events, async ({ messages }) => {
    for (const { key, value } of messages) {
      if (key?.toString() !== callSid) continue;
      const decoded = decodeEvent(value);
      if (decoded.kind === 'fact') found.set(`${decoded.fact.epoch}-${decoded.fact.seq}`, decoded.fact);
    }
  });
  const facts = [...found.values()].toSorted((left, right) => (isBefore(left, right) ? -1 : 1));
  return facts.map(({ epoch, seq, fact }) => ({ kind: 'fact', epoch, seq, fact }));
}
