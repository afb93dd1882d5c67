import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { secret } from './config-checks.ts';
import { type KafkaSettings, saslMechanisms } from './kafka/client.ts';

/** Where facts go besides this installation's own database. */
export interface FactSettings {
  /** Null: there is no Kafka, consumers read the outbox. */
  kafka: KafkaSettings | null;
  /** The folder that takes the oldest facts when the outbox is full. */
  outboxArchive: string;
}

const BROKER = /^([\w.-]+|\[[0-9a-f:]+\]):\d{1,5}$/i;

const path = z.string().refine((value) => isAbsolute(value));

export const kafkaVariables = {
  KAFKA_BROKERS: {
    check: z
      .string()
      .transform((value) => value.split(',').map((part) => part.trim()))
      .pipe(z.array(z.string().regex(BROKER)).min(1))
      .optional(),
    rule: 'host:port, or several separated by commas',
  },
  KAFKA_TLS: {
    check: z
      .enum(['0', '1'])
      .default('0')
      .transform((value) => value === '1'),
    rule: '0 or 1',
  },
  KAFKA_CA: { check: path.optional(), rule: 'the absolute path of a PEM file' },
  KAFKA_SASL: { check: z.enum(saslMechanisms).optional(), rule: `one of ${saslMechanisms.join(', ')}` },
  KAFKA_USERNAME: { check: z.string().min(1).optional(), rule: 'a user name; needed with KAFKA_SASL' },
  KAFKA_PASSWORD: { check: secret(1).optional(), rule: 'a password; needed with KAFKA_SASL', secret: true },
  OUTBOX_ARCHIVE: { check: path.default(join(tmpdir(), 'aida-outbox')), rule: 'the absolute path of a folder' },
} as const;

type Values = { [N in keyof typeof kafkaVariables]: z.output<(typeof kafkaVariables)[N]['check']> };

export function factsOf(values: Values): FactSettings {
  const { KAFKA_BROKERS: brokers, KAFKA_SASL: mechanism, KAFKA_USERNAME: username = '' } = values;
  const password = values.KAFKA_PASSWORD ?? '';
  const sasl = mechanism === undefined ? null : { mechanism, username, password };
  const reached = { tls: values.KAFKA_TLS, caFile: values.KAFKA_CA ?? null, sasl };
  return { kafka: brokers === undefined ? null : { brokers, ...reached }, outboxArchive: values.OUTBOX_ARCHIVE };
}
