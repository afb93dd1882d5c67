import { accountRoles, type AccountRole } from '../../entities/account.ts';

/** Whether a role may do what takes at least another. */
export const mayAct = (role: AccountRole, least: AccountRole): boolean =>
  accountRoles.indexOf(role) >= accountRoles.indexOf(least);
