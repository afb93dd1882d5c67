import { accountRoles, type AccountRole } from '../../../entities/account.ts';
import {
  accountRefusals,
  type AccountChange,
  type Accounts,
  type Changed,
  type ListedAccount,
} from '../../services/accounts.ts';
import type { PageRequest, PageRoute } from '../guard.ts';
import type { ConsoleResponse } from '../message.ts';
import { page, saved } from '../page.ts';

const ACCOUNTS = '/admin/accounts';

/** What each role may, on the page that gives them. */
const ROLES: readonly { value: AccountRole; label: string }[] = [
  { value: 'viewer', label: 'Viewer: sees calls and figures, changes nothing' },
  { value: 'supervisor', label: 'Supervisor: listens and helps in calls, answers messages' },
  { value: 'admin', label: 'Admin: changes the store, the system and accounts' },
];

interface Shown {
  name?: string;
  role?: string;
  nameError?: string;
  roleError?: string;
  problem?: string;
  /** Shown once. */
  given?: { name: string; password: string };
}

/** Who may sign in: for admins. */
export function accountRoutes(accounts: Accounts): PageRoute[] {
  async function list(request: PageRequest, shown: Shown = {}, status = 200): Promise<ConsoleResponse> {
    const all = await accounts.list();
    const rows = all.map((account) => rowOf(account, request));
    return page(request, 'accounts/accounts', { rows, roles: ROLES, ...shown }, status);
  }

  async function create(request: PageRequest): Promise<ConsoleResponse> {
    const [name, role] = [request.form.get('name') ?? '', request.form.get('role') ?? ''];
    if (!isRole(role)) return list(request, { name, role, roleError: 'Choose one of these.' }, 422);
    const made = await accounts.create(request.who, name, role);
    if (made.kind === 'refused') return list(request, { name, role, nameError: accountRefusals[made.why] }, 422);
    return list(request, { given: { name: made.account.name, password: made.password } });
  }

  async function change(request: PageRequest): Promise<ConsoleResponse> {
    const wanted: AccountChange = {};
    const role = request.form.get('role');
    const active = request.form.get('active');
    if (role !== null) {
      if (!isRole(role)) return list(request, { problem: 'There is no such role.' }, 422);
      wanted.role = role;
    }
    if (active !== null) wanted.isActive = active === 'yes';
    if (Object.keys(wanted).length === 0) return list(request, { problem: 'Nothing was to be changed.' }, 422);
    return done(request, await accounts.change(request.who, idOf(request), wanted), 'The account was changed.');
  }

  async function done(request: PageRequest, changed: Changed, sentence: string): Promise<ConsoleResponse> {
    if (changed.kind === 'refused') return list(request, { problem: accountRefusals[changed.why] }, 422);
    return saved(ACCOUNTS, sentence);
  }

  async function reset(request: PageRequest): Promise<ConsoleResponse> {
    const renewed = await accounts.resetPassword(request.who, idOf(request));
    if (renewed.kind === 'refused') return list(request, { problem: accountRefusals[renewed.why] }, 422);
    return list(request, { given: { name: renewed.account.name, password: renewed.password } });
  }

  return [
    { method: 'GET', path: ACCOUNTS, role: 'admin', handler: (request) => list(request) },
    { method: 'POST', path: ACCOUNTS, role: 'admin', handler: create },
    { method: 'POST', path: `${ACCOUNTS}/:id`, role: 'admin', handler: change },
    { method: 'POST', path: `${ACCOUNTS}/:id/password`, role: 'admin', handler: reset },
    {
      method: 'POST',
      path: `${ACCOUNTS}/:id/remove`,
      role: 'admin',
      handler: async (request) =>
        done(request, await accounts.remove(request.who, idOf(request)), 'The account was removed.'),
    },
  ];
}

const isRole = (role: string): role is AccountRole => (accountRoles as readonly string[]).includes(role);
const idOf = (request: PageRequest): string => request.params['id'] ?? '';

function rowOf(account: ListedAccount, { who, words }: PageRequest) {
  const time = (date: Date | null) => (date ? { text: words.when(date), iso: words.iso(date) } : null);
  return {
    ...account,
    isSelf: account.id === who.id,
    created: time(account.createdAt),
    signedIn: time(account.signedInAt),
  };
}
