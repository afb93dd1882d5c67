import { EntitySchema } from 'typeorm';

/** A call of which something changed since its minutes were last counted. */
export interface FigureDue {
  callSid: string;
  minutes: Date[];
}

export const FigureDueEntity = new EntitySchema<FigureDue>({
  name: 'FigureDue',
  columns: {
    callSid: { type: 'text', primary: true },
    minutes: { type: 'timestamptz', array: true },
  },
});
