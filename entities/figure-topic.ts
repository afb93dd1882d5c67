import { EntitySchema } from 'typeorm';
import { microsAsNumber } from './micros.ts';

/** What a call was about: an intent, a product's slug, a promotion's slug, or why staff was wanted. */
export type TopicKind = 'intent' | 'product' | 'promotion' | 'reason';

/** Of the calls that arrived in one minute, those about one topic. */
export interface FigureTopic {
  minute: Date;
  kind: TopicKind;
  topic: string;
  calls: number;
  answered: number;
  transferred: number;
  voicemail: number;
  callback: number;
  resolved: number;
  costMicros: number;
}

const count = { type: 'integer', default: 0 } as const;

export const FigureTopicEntity = new EntitySchema<FigureTopic>({
  name: 'FigureTopic',
  columns: {
    minute: { type: 'timestamptz', primary: true },
    kind: { type: 'text', primary: true },
    topic: { type: 'text', primary: true },
    calls: count,
    answered: count,
    transferred: count,
    voicemail: count,
    callback: count,
    resolved: count,
    costMicros: { type: 'bigint', transformer: microsAsNumber, default: 0 },
  },
  checks: [{ name: 'figure_topic_kind_check', expression: "kind IN ('intent', 'product', 'promotion', 'reason')" }],
});
