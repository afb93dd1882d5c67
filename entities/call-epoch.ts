import { epochAsNumber } from './epoch.ts';
import { EntitySchema } from 'typeorm';

/** The newest epoch that has written for a call: locked and compared by every tool that writes. */
export interface CallEpoch {
  callSid: string;
  epoch: number;
}

export const CallEpochEntity = new EntitySchema<CallEpoch>({
  name: 'CallEpoch',
  columns: {
    callSid: { type: 'text', primary: true },
    epoch: { type: 'bigint', transformer: epochAsNumber },
  },
});
