import type { Producer, TopicMessages } from 'kafkajs';
import type { Consumer } from '../analytics/consumer.ts';
import type { StoredFact } from '../analytics/stored-fact.ts';
import { turnFact } from '../analytics/turn-row.ts';
import { eventText, SCHEMA_VERSION, traceHeaders, type TranscriptMessage } from '../kafka/messages.ts';
import { isTooLarge } from '../kafka/too-large.ts';
import { topics } from '../kafka/topics.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Name of the outbox's consumer group that brings facts to Kafka. */
export const RELAY_GROUP = 'relay';

const SEND_TIMEOUT_MS = 10_000;
const ALL_IN_STEP = -1;

/** Kafka did not take the messages, or did not say that it has. `retryable`: they may be taken later. */
export class PublishError extends Error {
  override readonly name = 'PublishError';
  readonly retryable: boolean;

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.retryable = !isTooLarge(cause);
  }
}

/** The message about a turn that a fact makes, null for a fact that tells of none. */
export function transcriptOf(stored: StoredFact): TranscriptMessage | null {
  const fact = turnFact(stored);
  if (!fact) return null;
  const { callSid, epoch, seq } = stored;
  const message = {
    ...{ schemaVersion: SCHEMA_VERSION, callSid, epoch, seq, at: fact.at, itemId: fact.itemId, text: fact.text },
    ...{ after: null, heardMs: null, totalMs: null, cut: null },
  } as const;
  switch (fact.type) {
    case 'caller.said':
      return { ...message, told: 'said', who: 'caller', after: fact.after };
    case 'assistant.said':
      return { ...message, told: 'said', who: 'assistant', totalMs: fact.totalMs };
    case 'assistant.heard': {
      const { heardMs, totalMs, cut } = fact;
      return { ...message, told: 'heard', who: 'assistant', heardMs, totalMs, cut };
    }
    case 'journal.redacted':
      return { ...message, told: 'redacted', who: null };
  }
}

function messagesOf(facts: readonly StoredFact[]): { batch: TopicMessages[]; transcripts: number } {
  const events: TopicMessages['messages'] = [];
  const transcripts: TopicMessages['messages'] = [];
  for (const stored of facts) {
    const { callSid: key } = stored;
    const headers = traceHeaders(key);
    events.push({ key, value: eventText(stored), headers });
    const transcript = transcriptOf(stored);
    if (transcript) transcripts.push({ key, value: JSON.stringify(transcript), headers });
  }
  const batch: TopicMessages[] = [{ topic: topics.events, messages: events }];
  if (transcripts.length > 0) batch.push({ topic: topics.transcripts, messages: transcripts });
  return { batch, transcripts: transcripts.length };
}

/** Brings facts to Kafka: all of a batch are stored, or it is told that they may not be. */
export function createPublisher(
  producer: Pick<Producer, 'sendBatch'>,
  metrics: Pick<Metrics, 'relayFacts' | 'relaySendSeconds' | 'kafkaUp' | 'kafkaErrors'>,
): Consumer {
  const client = 'producer';
  return {
    group: RELAY_GROUP,
    // A refusal that is not the messages' own fault says so itself.
    isHealthy: async () => true,
    async take(facts) {
      const { batch, transcripts } = messagesOf(facts);
      const told = (result: string): void => {
        metrics.relayFacts.inc({ topic: topics.events, result }, facts.length);
        if (transcripts > 0) metrics.relayFacts.inc({ topic: topics.transcripts, result }, transcripts);
      };
      const beganMs = performance.now();
      try {
        await producer.sendBatch({ acks: ALL_IN_STEP, timeout: SEND_TIMEOUT_MS, topicMessages: batch });
      } catch (error) {
        const refused = new PublishError(error);
        metrics.kafkaErrors.inc({ client });
        metrics.kafkaUp.set({ client }, refused.retryable ? 0 : 1);
        told('failed');
        throw refused;
      }
      metrics.relaySendSeconds.observe((performance.now() - beganMs) / 1_000);
      metrics.kafkaUp.set({ client }, 1);
      told('sent');
      return [];
    },
  };
}
