import { EntitySchema } from 'typeorm';

/** Something that a person, or a program in a person's place, did in the console. Never changed. */
export interface AuditEntry {
  id: number;
  at: Date;
  /** The account; null for what has none, such as somebody who could not sign in. */
  whoId: string | null;
  /** As it was then. */
  whoName: string;
  /** `menu.changed`, `call.listened`. */
  action: string;
  /** What it was done to: a CallSid, a slug, a name. */
  subject: string;
  /** Never data of callers beyond ids. */
  detail: Record<string, unknown>;
}

export const AuditEntryEntity = new EntitySchema<AuditEntry>({
  name: 'AuditEntry',
  columns: {
    id: { type: 'integer', primary: true, generated: 'increment' },
    at: { type: 'timestamptz', default: () => 'now()' },
    whoId: { type: 'text', nullable: true },
    whoName: { type: 'text' },
    action: { type: 'text' },
    subject: { type: 'text', default: '' },
    detail: { type: 'jsonb', default: {} },
  },
  indices: [
    { columns: ['at'] },
    { columns: ['whoName', 'id'] },
    { columns: ['action', 'id'] },
    { columns: ['subject', 'id'] },
  ],
});
