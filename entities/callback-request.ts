import { EntitySchema } from 'typeorm';

/** A caller who was promised to be called back. */
export interface CallbackRequest {
  /** The call in which it was asked for. */
  callSid: string;
  /** E.164, the caller's. */
  number: string;
  /** E.164, the one that was called: it calls back. */
  calledNumber: string;
  reason: string;
  /** What was promised. */
  windowStart: Date;
  windowEnd: Date;
  /** `dialing`: a call is under way or its result is not known; `unanswered`: all attempts were made. */
  status: 'open' | 'dialing' | 'answered' | 'unanswered';
  attempts: number;
  /** Not dialed before it. */
  nextAttemptAt: Date;
  lastAttemptAt: Date | null;
  /** Call of the last attempt, null where the carrier did not name one. */
  lastCallSid: string | null;
  createdAt: Date;
}

export const CallbackRequestEntity = new EntitySchema<CallbackRequest>({
  name: 'CallbackRequest',
  columns: {
    callSid: { type: 'text', primary: true },
    number: { type: 'text' },
    calledNumber: { type: 'text' },
    reason: { type: 'text', default: '' },
    windowStart: { type: 'timestamptz' },
    windowEnd: { type: 'timestamptz' },
    status: { type: 'text', default: 'open' },
    attempts: { type: 'integer', default: 0 },
    nextAttemptAt: { type: 'timestamptz' },
    lastAttemptAt: { type: 'timestamptz', nullable: true },
    lastCallSid: { type: 'text', nullable: true },
    createdAt: { type: 'timestamptz', default: () => 'now()' },
  },
  indices: [
    { columns: ['status', 'nextAttemptAt'] },
    { columns: ['lastCallSid'] },
    { columns: ['lastAttemptAt'] },
    { columns: ['createdAt'] },
    { columns: ['number'] },
  ],
  checks: [
    {
      name: 'callback_request_status_check',
      expression: `status IN ('open', 'dialing', 'answered', 'unanswered')`,
    },
  ],
});
