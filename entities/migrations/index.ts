import { FirstTables1763800000000 } from './1763800000000-first-tables.ts';
import { CallbackRequests1763820000000 } from './1763820000000-callback-requests.ts';
import { SharedNumbers1763821000000 } from './1763821000000-shared-numbers.ts';
import { UninterruptibleGreeting1763830003000 } from './1763830003000-uninterruptible-greeting.ts';
import { PreparedLines1763830004000 } from './1763830004000-prepared-lines.ts';
import { StaffMembers1763830005000 } from './1763830005000-staff-members.ts';
import { Recordings1763830006000 } from './1763830006000-recordings.ts';
import { StoreDecides1763830007000 } from './1763830007000-store-decides.ts';
import { Understanding1763860006000 } from './1763860006000-understanding.ts';
import { Privacy1763860007000 } from './1763860007000-privacy.ts';
import { Accounts1763870001000 } from './1763870001000-accounts.ts';
import { CallSearch1763870002000 } from './1763870002000-call-search.ts';
import { AccountPhones1763870003000 } from './1763870003000-account-phones.ts';
import { CatalogueEditing1763870004000 } from './1763870004000-catalogue-editing.ts';
import { Desk1763870005000 } from './1763870005000-desk.ts';

/**
 * Written by hand, in order of time, never changed once released. Two versions of Aida run side by side during a
 * release: a migration only adds (expand); what nothing reads any more goes in a later release (contract).
 */
export const migrations = [
  FirstTables1763800000000,
  CallbackRequests1763820000000,
  SharedNumbers1763821000000,
  UninterruptibleGreeting1763830003000,
  PreparedLines1763830004000,
  StaffMembers1763830005000,
  Recordings1763830006000,
  StoreDecides1763830007000,
  Understanding1763860006000,
  Privacy1763860007000,
  Accounts1763870001000,
  CallSearch1763870002000,
  AccountPhones1763870003000,
  CatalogueEditing1763870004000,
  Desk1763870005000,
];
