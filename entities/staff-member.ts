import { EntitySchema } from 'typeorm';

/** `HH:MM` on the store's wall; closing at or before opening means the next day. */
export interface StaffDay {
  openTime: string;
  closeTime: string;
}

/** Somebody who takes calls that the assistant passes on. */
export interface StaffMember {
  id: number;
  name: string;
  /** E.164. */
  number: string;
  /** The lowest is rung first. */
  sortOrder: number;
  /** Seven, from Sunday, null for a day off; null in place of all for the hours of the store. */
  hours: (StaffDay | null)[] | null;
  ringSeconds: number;
  /** Somebody who is away is not rung. */
  isAvailable: boolean;
  /** `warm`: is told who calls and about what, and accepts by key; `cold`: is put through at once. */
  mode: 'warm' | 'cold';
}

export const StaffMemberEntity = new EntitySchema<StaffMember>({
  name: 'StaffMember',
  columns: {
    id: { type: 'integer', primary: true, generated: 'increment' },
    name: { type: 'text' },
    number: { type: 'text', unique: true },
    sortOrder: { type: 'integer', default: 0 },
    hours: { type: 'jsonb', nullable: true },
    ringSeconds: { type: 'integer', default: 25 },
    isAvailable: { type: 'boolean', default: true },
    mode: { type: 'text', default: 'warm' },
  },
  checks: [
    {
      name: 'staff_member_check',
      expression:
        "number ~ '^[+][1-9][0-9]{6,14}$' AND ring_seconds BETWEEN 5 AND 60 AND mode IN ('warm', 'cold')" +
        " AND (hours IS NULL OR jsonb_typeof(hours) = 'array' AND jsonb_array_length(hours) = 7)",
    },
  ],
});
