import { EntitySchema } from 'typeorm';

/** Tokens of each price. */
export interface TokensUsed {
  textIn: number;
  textInCached: number;
  audioIn: number;
  audioInCached: number;
  textOut: number;
  audioOut: number;
}

/** What of a call's facts is kept to fold later ones in; sets, so that repeats add nothing. Times are Redis-clock ms. */
export interface FigureNotes {
  /** When the caller's turns ended, ascending. */
  stops: number[];
  /** When the assistant began to be heard, by item. */
  starts: Record<string, number>;
  /** What the model used, by response. */
  used: Record<string, TokensUsed>;
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
  /** By the whole call; what it cost is for those to say who know the prices. */
  used: TokensUsed;
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
    used: { type: 'jsonb', default: {} },
    silencesMs: { type: 'integer', array: true, default: [] },
    notes: { type: 'jsonb' },
  },
  indices: [
    { columns: ['minute'] },
    { name: 'call_figure_wait_idx', columns: ['waitFrom'], where: 'wait_from IS NOT NULL' },
  ],
});
