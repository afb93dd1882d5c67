import type { AccountRole } from '../../entities/account.ts';
import { mayAct } from './roles.ts';

export interface NavEntry {
  label: string;
  path: string;
  group: 'Calls' | 'Store' | 'System';
  /** Name of the server-sent event that brings the number beside it. */
  badge?: string;
}

/** In the order shown. An entry is shown to whoever may open its page, once there is one; its least role stands there. */
export const navEntries: readonly NavEntry[] = [
  { label: 'Dashboard', path: '/admin/dashboard', group: 'Calls' },
  { label: 'Calls', path: '/admin/calls', group: 'Calls' },
  { label: 'Voicemail', path: '/admin/voicemail', group: 'Calls', badge: 'voicemails' },
  { label: 'Call-backs', path: '/admin/callbacks', group: 'Calls', badge: 'callbacks' },
  { label: 'Unanswered questions', path: '/admin/questions', group: 'Calls' },
  { label: 'Phone', path: '/phone', group: 'Calls' },
  { label: 'Promotions', path: '/admin/promotions', group: 'Store' },
  { label: 'Knowledge base', path: '/admin/knowledge-base', group: 'Store' },
  { label: 'Menu', path: '/admin/menu', group: 'Store' },
  { label: 'Hours', path: '/admin/hours', group: 'Store' },
  { label: 'Subscriptions', path: '/admin/subscriptions', group: 'Store' },
  { label: 'Persona and voice', path: '/admin/persona', group: 'Store' },
  { label: 'Policies', path: '/admin/policies', group: 'Store' },
  { label: 'Staff', path: '/admin/staff', group: 'Store' },
  { label: 'Store settings', path: '/admin/settings', group: 'Store' },
  { label: 'Operations', path: '/admin/ops', group: 'System' },
  { label: 'Accounts', path: '/admin/accounts', group: 'System' },
  { label: 'Audit log', path: '/admin/audit', group: 'System' },
];

export interface ShownEntry extends NavEntry {
  isCurrent: boolean;
}

export interface NavGroup {
  name: NavEntry['group'];
  entries: ShownEntry[];
}

/** The way around for a role, on the page at `path`. `leastRoles`: of every page that there is. */
export function navFor(role: AccountRole, path: string, leastRoles: ReadonlyMap<string, AccountRole>): NavGroup[] {
  const shown = navEntries.filter((entry) => {
    const least = leastRoles.get(entry.path);
    return least !== undefined && mayAct(role, least);
  });
  const current = currentOf(shown, path);
  const groups = Map.groupBy(shown, ({ group }) => group);
  return [...groups].map(([name, entries]) => ({
    name,
    entries: entries.map((entry) => ({ ...entry, isCurrent: entry === current })),
  }));
}

/** The entry that the page is, or stands below. */
function currentOf(entries: readonly NavEntry[], path: string): NavEntry | undefined {
  return entries
    .filter((entry) => path === entry.path || path.startsWith(`${entry.path}/`))
    .toSorted((left, right) => right.path.length - left.path.length)[0];
}
