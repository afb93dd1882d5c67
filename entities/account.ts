import { EntitySchema } from 'typeorm';

/** Each may do what the ones before may. */
export const accountRoles = ['viewer', 'supervisor', 'admin'] as const;
export type AccountRole = (typeof accountRoles)[number];

/** Somebody who may sign in to the console. */
export interface Account {
  id: string;
  /** What is typed to sign in: lower case, unique. */
  name: string;
  role: AccountRole;
  /** `scrypt$<log2 N>$<r>$<p>$<salt>$<hash>`, the last two in base64url. */
  password: string;
  /** Given by an admin: has to be changed before anything else. */
  passwordIsTemporary: boolean;
  isActive: boolean;
  /** Sessions carry it: one more ends all that there are. */
  generation: number;
  createdAt: Date;
  signedInAt: Date | null;
  /** Where calls are taken over, E.164. */
  phone: string | null;
}

export const AccountEntity = new EntitySchema<Account>({
  name: 'Account',
  columns: {
    id: { type: 'uuid', primary: true },
    name: { type: 'text', unique: true },
    role: { type: 'text' },
    password: { type: 'text' },
    passwordIsTemporary: { type: 'boolean', default: false },
    isActive: { type: 'boolean', default: true },
    generation: { type: 'integer', default: 1 },
    createdAt: { type: 'timestamptz', default: () => 'now()' },
    signedInAt: { type: 'timestamptz', nullable: true },
    phone: { type: 'text', nullable: true },
  },
  checks: [{ name: 'account_check', expression: `role IN ('viewer', 'supervisor', 'admin') AND name = lower(name)` }],
});
