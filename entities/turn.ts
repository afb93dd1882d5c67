import { epochAsNumber } from './epoch.ts';
import { EntitySchema } from 'typeorm';

/** One final turn of a call, keyed by the fact that told it. */
export interface Turn {
  callSid: string;
  epoch: number;
  seq: number;
  /** The model's id of the conversation item; what was heard or redacted later refers to it. */
  itemId: string;
  /** The item that this one follows: transcripts of the caller arrive late. Null for the first, or unknown. */
  afterItemId: string | null;
  who: 'caller' | 'assistant';
  /** All that was said; for the assistant all that it wanted to say. */
  text: string;
  /** What reached the caller's ear; null for the caller's own turns and until it is known. */
  heardText: string | null;
  heardMs: number | null;
  totalMs: number | null;
  cut: boolean;
  at: Date;
}

export const TurnEntity = new EntitySchema<Turn>({
  name: 'Turn',
  columns: {
    callSid: { type: 'text', primary: true },
    epoch: { type: 'bigint', primary: true, transformer: epochAsNumber },
    seq: { type: 'integer', primary: true },
    itemId: { type: 'text' },
    afterItemId: { type: 'text', nullable: true },
    who: { type: 'text' },
    text: { type: 'text' },
    heardText: { type: 'text', nullable: true },
    heardMs: { type: 'integer', nullable: true },
    totalMs: { type: 'integer', nullable: true },
    cut: { type: 'boolean', default: false },
    at: { type: 'timestamptz' },
  },
  indices: [{ columns: ['callSid', 'itemId'] }, { columns: ['at'] }],
  checks: [{ name: 'turn_who_check', expression: `who IN ('caller', 'assistant')` }],
});
