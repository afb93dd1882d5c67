import { EntitySchema } from 'typeorm';

/** Something that was done with callers' data: for whoever has to show it. */
export interface PrivacyRecord {
  id: string;
  at: Date;
  /** `retain`: what was old enough was deleted. */
  act: 'export' | 'erase' | 'retain';
  /** Whose data: the keyed hash of the number; null for everybody's, or where there is no key. */
  subject: string | null;
  /** Who did it, and why; '' for Aida itself. */
  by: string;
  reason: string;
  /** How many of what. */
  counts: Record<string, number>;
}

export const PrivacyRecordEntity = new EntitySchema<PrivacyRecord>({
  name: 'PrivacyRecord',
  columns: {
    id: { type: 'uuid', primary: true },
    at: { type: 'timestamptz', default: () => 'now()' },
    act: { type: 'text' },
    subject: { type: 'text', nullable: true },
    by: { type: 'text', default: '' },
    reason: { type: 'text', default: '' },
    counts: { type: 'jsonb', default: {} },
  },
  indices: [{ columns: ['at'] }],
  checks: [{ name: 'privacy_record_act_check', expression: `act IN ('export', 'erase', 'retain')` }],
});
