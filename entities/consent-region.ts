import { EntitySchema } from 'typeorm';

/** What the law of a region asks for before a call is recorded. */
export interface ConsentRegion {
  /** How numbers of the region begin: `+1415`; the longest that fits counts. '' for every other number. */
  prefix: string;
  /** Who has to know: `one` side, which the store is, or `all`, so that the caller is told first. */
  parties: 'one' | 'all';
  name: string;
}

export const ConsentRegionEntity = new EntitySchema<ConsentRegion>({
  name: 'ConsentRegion',
  columns: {
    prefix: { type: 'text', primary: true },
    parties: { type: 'text' },
    name: { type: 'text', default: '' },
  },
  checks: [
    { name: 'consent_region_prefix_check', expression: String.raw`prefix ~ '^(\+[1-9][0-9]{0,14})?$'` },
    { name: 'consent_region_parties_check', expression: `parties IN ('one', 'all')` },
  ],
});
