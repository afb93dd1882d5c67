import { epochAsNumber } from './epoch.ts';
import { EntitySchema } from 'typeorm';

/** One line of a call's transcript; for the assistant `text` is what the caller heard of it. */
export interface TranscriptLine {
  who: 'caller' | 'assistant';
  text: string;
  /** ISO 8601, UTC. */
  at: string;
  /** The caller interrupted: `text` ends where the sound did. */
  cut: boolean;
}

/** One phone call. Times of the journal (Redis-clock ms) become timestamps as `new Date(ms)`. */
export interface CallLog {
  callSid: string;
  fromNumber: string;
  toNumber: string;
  /** `RINGING`, then the carrier's word in capitals, unchanged: `IN-PROGRESS`, `NO-ANSWER`, … */
  status: string;
  /** When the webhook came. */
  startedAt: Date;
  answeredAt: Date | null;
  endedAt: Date | null;
  /** Whole seconds, as the carrier counts them. */
  duration: number | null;
  /**
   * How it went so far: `missed`, `waiting`, `abandoned` (hung up while waiting), `callback`, `answered`, `menu`,
   * `voicemail` or `transferred`; null while it is none of these yet.
   */
  outcome: string | null;
  transcript: TranscriptLine[] | null;
  processedAt: Date | null;
  intents: string[];
  /** Slug of the promotion that the caller asked about, null for none. */
  promotionSlug: string | null;
  /** The last fact folded into this row: the row only moves forward. */
  lastEpoch: number;
  lastSeq: number;
  /** The carrier's own order of status callbacks, null where it gave none. */
  statusSequence: number | null;
}

export const CallLogEntity = new EntitySchema<CallLog>({
  name: 'CallLog',
  columns: {
    callSid: { type: 'text', primary: true },
    fromNumber: { type: 'text' },
    toNumber: { type: 'text', default: '' },
    status: { type: 'text' },
    startedAt: { type: 'timestamptz' },
    answeredAt: { type: 'timestamptz', nullable: true },
    endedAt: { type: 'timestamptz', nullable: true },
    duration: { type: 'integer', nullable: true },
    outcome: { type: 'text', nullable: true },
    transcript: { type: 'jsonb', nullable: true },
    processedAt: { type: 'timestamptz', nullable: true },
    intents: { type: 'text', array: true, default: [] },
    promotionSlug: { type: 'text', nullable: true },
    lastEpoch: { type: 'bigint', transformer: epochAsNumber, default: 0 },
    lastSeq: { type: 'integer', default: 0 },
    statusSequence: { type: 'integer', nullable: true },
  },
  indices: [
    { columns: ['startedAt'] },
    { columns: ['fromNumber'] },
    { name: 'call_log_transcript_idx', columns: ['startedAt'], where: 'transcript IS NOT NULL' },
    { name: 'call_log_promotion_idx', columns: ['promotionSlug', 'startedAt'], where: 'promotion_slug IS NOT NULL' },
    { name: 'call_log_page_idx', columns: ['startedAt', 'callSid'] },
    { name: 'call_log_outcome_idx', columns: ['outcome', 'startedAt', 'callSid'] },
    // GIN, which TypeORM cannot describe.
    { name: 'call_log_intents_idx', columns: ['intents'], synchronize: false },
    { name: 'call_log_number_idx', columns: ['fromNumber'], synchronize: false },
    { name: 'call_log_live_idx', columns: ['startedAt'], where: 'ended_at IS NULL' },
  ],
});
