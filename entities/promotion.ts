import { EntitySchema } from 'typeorm';

export interface PromotionAnswer {
  question: string;
  answer: string;
}

/** An offer that runs for a while. */
export interface Promotion {
  id: number;
  slug: string;
  name: string;
  /**
   * `YYYY-MM-DDTHH:MM` on the store's own clock, first minute; sorts as text. The store's zone may change, the
   * announced hour may not.
   */
  startsLocal: string;
  /** `YYYY-MM-DDTHH:MM` on the store's own clock, first minute no longer in it. */
  endsLocal: string;
  offer: string;
  terms: string;
  code: string | null;
  questions: PromotionAnswer[];
  soldOut: boolean;
  /** Counts changes: one of another state than was seen is refused. */
  version: number;
  /** Who changed it last, and when; '' and null for none since it was entered. */
  changedBy: string;
  changedAt: Date | null;
}

const localTime = (column: string) => `${column} ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$'`;

export const PromotionEntity = new EntitySchema<Promotion>({
  name: 'Promotion',
  columns: {
    id: { type: 'integer', primary: true, generated: 'increment' },
    slug: { type: 'text', unique: true },
    name: { type: 'text' },
    startsLocal: { type: 'text' },
    endsLocal: { type: 'text' },
    offer: { type: 'text' },
    terms: { type: 'text', default: '' },
    code: { type: 'text', nullable: true },
    questions: { type: 'jsonb', default: [] },
    soldOut: { type: 'boolean', default: false },
    version: { type: 'integer', default: 1 },
    changedBy: { type: 'text', default: '' },
    changedAt: { type: 'timestamptz', nullable: true },
  },
  indices: [{ columns: ['endsLocal'] }],
  checks: [
    {
      name: 'promotion_time_check',
      expression: `${localTime('starts_local')} AND ${localTime('ends_local')} AND starts_local < ends_local`,
    },
  ],
});
