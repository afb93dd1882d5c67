import { EntitySchema } from 'typeorm';

/** The recording of a whole call. */
export interface CallRecording {
  recordingSid: string;
  callSid: string;
  durationS: number;
  /** Null where it is kept elsewhere, or not yet. Not selected by default. */
  audio: Buffer | null;
  contentType: string | null;
  /** Where it is kept; null: in `audio`, or not yet. */
  location: string | null;
  /** `declined`: the caller did not want it, and it is deleted. */
  status: 'pending' | 'kept' | 'lost' | 'declined';
  createdAt: Date;
}

export const CallRecordingEntity = new EntitySchema<CallRecording>({
  name: 'CallRecording',
  columns: {
    recordingSid: { type: 'text', primary: true },
    callSid: { type: 'text' },
    durationS: { type: 'integer', default: 0 },
    audio: { type: 'bytea', nullable: true, select: false },
    contentType: { type: 'text', nullable: true },
    location: { type: 'text', nullable: true },
    status: { type: 'text', default: 'pending' },
    createdAt: { type: 'timestamptz', default: () => 'now()' },
  },
  indices: [{ columns: ['callSid'] }, { columns: ['createdAt'] }],
  checks: [{ name: 'call_recording_status_check', expression: `status IN ('pending', 'kept', 'lost', 'declined')` }],
});
