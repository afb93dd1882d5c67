import { EntitySchema } from 'typeorm';

/** What the call came to for its caller. */
export type Resolution =
  | 'resolved'
  | 'unresolved'
  | 'transferred'
  | 'message'
  | 'callback'
  /** The caller left in the middle, before anything was answered. */
  | 'abandoned'
  /** The caller wanted nothing of the store, or said nothing. */
  | 'none';

export interface ShownIntent {
  intent: string;
  /** The first turn that shows it; null where only a tool or the outcome does. */
  itemId: string | null;
}

export interface UnansweredQuestion {
  itemId: string | null;
  question: string;
}

/** What was understood of a call that is over, from its redacted turns alone. */
export interface CallUnderstanding {
  callSid: string;
  /** Who read it: `rules`, or the name of a chat model. */
  classifier: string;
  /** Of all that was read: other turns are read anew. */
  inputHash: string;
  intents: ShownIntent[];
  resolution: Resolution;
  /** Two sentences. */
  summary: string;
  /** Slug of the promotion that the caller asked about. */
  promotionSlug: string | null;
  /** Codes of promotions that the caller named. */
  codes: string[];
  questions: UnansweredQuestion[];
  /** Slugs of products asked for. */
  products: string[];
  /** Why staff was wanted: `person`, `unanswered` or an intent; null: it was not. */
  transferReason: string | null;
  /** Whether a chat model has read it: not yet, or there is none; it has; it was given up. */
  reading: 'none' | 'done' | 'failed';
}

export const CallUnderstandingEntity = new EntitySchema<CallUnderstanding>({
  name: 'CallUnderstanding',
  columns: {
    callSid: { type: 'text', primary: true },
    classifier: { type: 'text' },
    inputHash: { type: 'text' },
    intents: { type: 'jsonb', default: [] },
    resolution: { type: 'text' },
    summary: { type: 'text', default: '' },
    promotionSlug: { type: 'text', nullable: true },
    codes: { type: 'text', array: true, default: [] },
    questions: { type: 'jsonb', default: [] },
    products: { type: 'text', array: true, default: [] },
    transferReason: { type: 'text', nullable: true },
    reading: { type: 'text', default: 'none' },
  },
  indices: [{ name: 'call_understanding_questions_idx', columns: ['callSid'], where: "questions <> '[]'::jsonb" }],
  checks: [
    {
      name: 'call_understanding_resolution_check',
      expression: "resolution IN ('resolved', 'unresolved', 'transferred', 'message', 'callback', 'abandoned', 'none')",
    },
    {
      name: 'call_understanding_reading_check',
      expression: "reading IN ('none', 'done', 'failed')",
    },
  ],
});
