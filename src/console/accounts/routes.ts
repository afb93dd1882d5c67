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
import { nothingHere } from '../refusal.ts';

const ACCOUNTS = '/admin/accounts';

/** What each role may, on the pages that give them. */
const ROLES: readonly { value: AccountRole; label: string; hint: string }[] = [
  { value: 'viewer', label: 'Viewer', hint: 'sees calls and figures, changes nothing' },
  { value: 'supervisor', label: 'Supervisor', hint: 'listens and helps in calls, answers messages' },
  { value: 'admin', label: 'Admin', hint: 'changes the store, the system and accounts' },
];

interface Typed {
  name?: string;
  role?: string;
  nameError?: string;
  roleError?: string;
}

/** Who may sign in: for admins. */
export function accountRoutes(accounts: Accounts): PageRoute[] {
  async function list(request: PageRequest, typed: Typed = {}, status = 200): Promise<ConsoleResponse> {
    const rows = (await accounts.list()).map((account) => viewOf(account, request));
    return page(request, 'accounts/accounts', { rows, roles: ROLES, ...typed }, status);
  }

  function show(
    request: PageRequest,
    account: ListedAccount,
    shown: { password?: string; problem?: string } = {},
    status = 200,
  ): Promise<ConsoleResponse> {
    return page(request, 'accounts/account', { account: viewOf(account, request), roles: ROLES, ...shown }, status);
  }

  async function one(request: PageRequest): Promise<ConsoleResponse> {
    const account = await accounts.byId(idOf(request));
    return account ? show(request, account) : nothingHere(request);
  }

  async function create(request: PageRequest): Promise<ConsoleResponse> {
    const [name, role] = [request.form.get('name') ?? '', request.form.get('role') ?? ''];
    if (!isRole(role)) return list(request, { name, role, roleError: 'Choose one of these.' }, 422);
    const made = await accounts.create(request.who, name, role);
    if (made.kind === 'refused') return list(request, { name, role, nameError: accountRefusals[made.why] }, 422);
    return show(request, made.account, { password: made.password });
  }

  async function change(request: PageRequest): Promise<ConsoleResponse> {
    const wanted: AccountChange = {};
    const [role, active] = [request.form.get('role'), request.form.get('active')];
    if (role !== null && isRole(role)) wanted.role = role;
    if (active !== null) wanted.isActive = active === 'yes';
    if (Object.keys(wanted).length === 0) return refuse(request, 'Choose a role.');
    const changed = await accounts.change(request.who, idOf(request), wanted);
    if (changed.kind === 'refused') return refuse(request, accountRefusals[changed.why]);
    return saved(`${ACCOUNTS}/${idOf(request)}`, 'The account was changed.');
  }

  async function refuse(request: PageRequest, problem: string): Promise<ConsoleResponse> {
    const account = await accounts.byId(idOf(request));
    return account ? show(request, account, { problem }, 422) : nothingHere(request);
  }

  async function reset(request: PageRequest): Promise<ConsoleResponse> {
    const renewed = await accounts.resetPassword(request.who, idOf(request));
    if (renewed.kind === 'refused') return refuse(request, accountRefusals[renewed.why]);
    return show(request, renewed.account, { password: renewed.password });
  }

  async function remove(request: PageRequest): Promise<ConsoleResponse> {
    const removed: Changed = await accounts.remove(request.who, idOf(request));
    if (removed.kind === 'refused') return refuse(request, accountRefusals[removed.why]);
    return saved(ACCOUNTS, 'The account was removed.');
  }

  return [
    { method: 'GET', path: ACCOUNTS, role: 'admin', handler: (request) => list(request) },
    { method: 'POST', path: ACCOUNTS, role: 'admin', handler: create },
    { method: 'GET', path: `${ACCOUNTS}/:id`, role: 'admin', handler: one },
    { method: 'POST', path: `${ACCOUNTS}/:id`, role: 'admin', handler: change },
    { method: 'POST', path: `${ACCOUNTS}/:id/password`, role: 'admin', handler: reset },
    { method: 'POST', path: `${ACCOUNTS}/:id/remove`, role: 'admin', handler: remove },
  ];
}

const isRole = (role: string): role is AccountRole => (accountRoles as readonly string[]).includes(role);
const idOf = (request: PageRequest): string => request.params['id'] ?? '';

function viewOf(account: ListedAccount, { who, words }: PageRequest) {
  const time = (date: Date | null) => (date ? { text: words.when(date), iso: words.iso(date) } : null);
  return {
    ...account,
    isSelf: account.id === who.id,
    created: time(account.createdAt),
    signedIn: time(account.signedInAt),
  };
}
