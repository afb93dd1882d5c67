import { FirstTables1763800000000 } from './1763800000000-first-tables.ts';

/**
 * Written by hand, in order of time, never changed once released. Two versions of Aida run side by side during a
 * release: a migration only adds (expand); what nothing reads any more goes in a later release (contract).
 */
export const migrations = [FirstTables1763800000000];
