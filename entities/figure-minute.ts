import { EntitySchema } from 'typeorm';
import { microsAsNumber } from './micros.ts';

/** Calls that arrived in one minute, and what became of them since. */
export interface FigureMinute {
  minute: Date;
  /** `YYYY-MM-DDTHH:MM` on the store's wall. */
  localMinute: string;
  calls: number;
  /** Of these calls, those that had to wait. */
  queued: number;
  /** Callers who waited at some time in this minute, whenever they arrived. */
  waiting: number;
  /** Spoke with the assistant. */
  answered: number;
  /** Hung up while waiting. */
  abandoned: number;
  missed: number;
  menu: number;
  transferred: number;
  voicemail: number;
  callback: number;
  resolved: number;
  unresolved: number;
  costMicros: number;
  /** Answers whose silence before them was measured. */
  silences: number;
  silenceP50Ms: number | null;
  silenceP95Ms: number | null;
  silenceP99Ms: number | null;
}

const count = { type: 'integer', default: 0 } as const;

export const FigureMinuteEntity = new EntitySchema<FigureMinute>({
  name: 'FigureMinute',
  columns: {
    minute: { type: 'timestamptz', primary: true },
    localMinute: { type: 'text' },
    calls: count,
    queued: count,
    waiting: count,
    answered: count,
    abandoned: count,
    missed: count,
    menu: count,
    transferred: count,
    voicemail: count,
    callback: count,
    resolved: count,
    unresolved: count,
    costMicros: { type: 'bigint', transformer: microsAsNumber, default: 0 },
    silences: count,
    silenceP50Ms: { type: 'integer', nullable: true, name: 'silence_p50_ms' },
    silenceP95Ms: { type: 'integer', nullable: true, name: 'silence_p95_ms' },
    silenceP99Ms: { type: 'integer', nullable: true, name: 'silence_p99_ms' },
  },
  indices: [{ columns: ['localMinute'] }],
});
