import type { KafkaMessage } from 'kafkajs';
import { type DeadMessage, deadSchema, SCHEMA_VERSION } from './messages.ts';

const REASON_CHARS = 200;

export interface Refused {
  group: string;
  reason: string;
  topic: string;
  partition: number;
  message: Pick<KafkaMessage, 'key' | 'offset' | 'value'>;
}

/** A message of `calls.dead`: all that is needed to bring the one that was refused again. */
export function deadText({ group, reason, topic, partition, message }: Refused): string {
  const { key, offset, value } = message;
  const letter: DeadMessage = {
    schemaVersion: SCHEMA_VERSION,
    group,
    reason: reason.slice(0, REASON_CHARS),
    at: Date.now(),
    topic,
    partition,
    offset,
    key: key?.toString() ?? null,
    value: (value ?? Buffer.alloc(0)).toString('base64'),
  };
  return JSON.stringify(letter);
}

/** Null for what is no such message. */
export function readDeadLetter(value: Buffer | null): DeadMessage | null {
  try {
    const read = deadSchema.safeParse(JSON.parse(value?.toString() ?? ''));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
}
