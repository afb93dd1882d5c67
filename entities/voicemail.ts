import { EntitySchema } from 'typeorm';

/** A message that a caller left. */
export interface Voicemail {
  recordingSid: string;
  callSid: string;
  fromNumber: string;
  topic: string;
  durationS: number;
  /** Null where it is kept elsewhere, or not yet. Not selected by default: ask for it by `addSelect` or `select`. */
  audio: Buffer | null;
  contentType: string | null;
  /** Where the audio is kept; null: in `audio`, or not yet. */
  location: string | null;
  transcript: string | null;
  /** When the store was told of it, by mail and at NOTIFY_URL. */
  mailedAt: Date | null;
  hookedAt: Date | null;
  /**
   * `pending`: audio not fetched yet; `new`; `heard`; `lost`: the carrier no longer has it; `discarded`: the caller
   * recorded another one instead, or somebody deleted it.
   */
  status: 'pending' | 'new' | 'heard' | 'lost' | 'discarded';
  /** Name of the account that looks after it; '' for nobody. */
  assignee: string;
  /** What people wrote about it. */
  note: string;
  /** Null while it is open. */
  doneAt: Date | null;
  doneBy: string;
  /** Counts what people changed: a change of another state than they saw is refused. */
  version: number;
  createdAt: Date;
}

export const VoicemailEntity = new EntitySchema<Voicemail>({
  name: 'Voicemail',
  columns: {
    recordingSid: { type: 'text', primary: true },
    callSid: { type: 'text' },
    fromNumber: { type: 'text' },
    topic: { type: 'text', default: '' },
    durationS: { type: 'integer', default: 0 },
    audio: { type: 'bytea', nullable: true, select: false },
    contentType: { type: 'text', nullable: true },
    location: { type: 'text', nullable: true },
    transcript: { type: 'text', nullable: true },
    mailedAt: { type: 'timestamptz', nullable: true },
    hookedAt: { type: 'timestamptz', nullable: true },
    status: { type: 'text', default: 'pending' },
    assignee: { type: 'text', default: '' },
    note: { type: 'text', default: '' },
    doneAt: { type: 'timestamptz', nullable: true },
    doneBy: { type: 'text', default: '' },
    version: { type: 'integer', default: 1 },
    createdAt: { type: 'timestamptz', default: () => 'now()' },
  },
  indices: [
    { columns: ['callSid'] },
    { columns: ['createdAt'] },
    { columns: ['fromNumber'] },
    { name: 'voicemail_open_idx', columns: ['createdAt'], where: "done_at IS NULL AND status <> 'discarded'" },
  ],
  checks: [
    { name: 'voicemail_status_check', expression: `status IN ('pending', 'new', 'heard', 'lost', 'discarded')` },
  ],
});
