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
  /**
   * `dialing`: a call of Aida's is under way or its result is not known; `calling`: somebody of the store calls;
   * `unanswered`: all attempts were made; `answered`: Aida reached the caller; `done`: somebody of the store did, or
   * found it settled.
   */
  status: 'open' | 'dialing' | 'calling' | 'answered' | 'unanswered' | 'done';
  attempts: number;
  /** Not dialed before it. */
  nextAttemptAt: Date;
  lastAttemptAt: Date | null;
  /** Call of the last attempt, null where the carrier did not name one. */
  lastCallSid: string | null;
  /** Somebody wants Aida to call now, whether or not it calls back by itself. */
  isWished: boolean;
  /** Name of the account that looks after it; '' for nobody. */
  assignee: string;
  /** Since when somebody of the store calls: the assignee. */
  callingSince: Date | null;
  /** What people wrote about it. */
  note: string;
  doneAt: Date | null;
  /** '' where Aida did it. */
  doneBy: string;
  /** Counts what people changed: a change of another state than they saw is refused. */
  version: number;
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
    isWished: { type: 'boolean', default: false },
    assignee: { type: 'text', default: '' },
    callingSince: { type: 'timestamptz', nullable: true },
    note: { type: 'text', default: '' },
    doneAt: { type: 'timestamptz', nullable: true },
    doneBy: { type: 'text', default: '' },
    version: { type: 'integer', default: 1 },
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
      expression: `status IN ('open', 'dialing', 'calling', 'answered', 'unanswered', 'done')`,
    },
  ],
});
