import { EntitySchema } from 'typeorm';
import { microsAsNumber } from './micros.ts';

/** What of a call's facts is kept to fold later ones in; sets, so that repeats add nothing. Times are Redis-clock ms. */
export interface FigureNotes {
  /** When the caller's turns ended, ascending. */
  stops: number[];
  /** When the assistant began to be heard, by item. */
  starts: Record<string, number>;
  /** Millionths of a dollar, by response. */
  costs: Record<string, number>;
  /** When the waiting room was entered, and left. */
  queued: number[];
  left: number[];
}

/** What one call adds to the figures of a promotion, beside its row in the call log. */
export interface CallFigure {
  callSid: string;
  /** The minute in which it arrived. */
  minute: Date;
  waitFrom: Date | null;
  /** Null while the caller waits, or never did. */
  waitUntil: Date | null;
  costMicros: number;
  /** From the end of a caller's turn to the first sound of the answer. */
  silencesMs: number[];
  notes: FigureNotes;
}

export const CallFigureEntity = new EntitySchema<CallFigure>({
  name: 'CallFigure',
  columns: {
    callSid: { type: 'text', primary: true },
    minute: { type: 'timestamptz' },
    waitFrom: { type: 'timestamptz', nullable: true },
    waitUntil: { type: 'timestamptz', nullable: true },
    costMicros: { type: 'bigint', transformer: microsAsNumber, default: 0 },
    silencesMs: { type: 'integer', array: true, default: [] },
    notes: { type: 'jsonb' },
  },
  indices: [
    { columns: ['minute'] },
    { name: 'call_figure_wait_idx', columns: ['waitFrom'], where: 'wait_from IS NOT NULL' },
  ],
});
