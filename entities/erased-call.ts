import { EntitySchema } from 'typeorm';

/** A call of which nothing is kept: no fact of it becomes a row again. */
export interface ErasedCall {
  callSid: string;
  erasureId: string;
  /** `open`: it still goes on, or what is kept of it outside of the database is not all gone. */
  status: 'open' | 'done';
  createdAt: Date;
}

export const ErasedCallEntity = new EntitySchema<ErasedCall>({
  name: 'ErasedCall',
  columns: {
    callSid: { type: 'text', primary: true },
    erasureId: { type: 'text' },
    status: { type: 'text', default: 'open' },
    createdAt: { type: 'timestamptz', default: () => 'now()' },
  },
  indices: [
    { columns: ['erasureId'] },
    { name: 'erased_call_open_idx', columns: ['createdAt'], where: `status = 'open'` },
  ],
  checks: [{ name: 'erased_call_status_check', expression: `status IN ('open', 'done')` }],
});
