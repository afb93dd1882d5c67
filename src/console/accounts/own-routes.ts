import type { Accounts, PasswordFaults } from '../../services/accounts.ts';
import { passwordLimits } from '../../services/passwords.ts';
import { setFlash } from '../cookies.ts';
import { PASSWORD_PAGE } from '../gate.ts';
import type { PageRequest, PageRoute } from '../guard.ts';
import { redirect, type ConsoleResponse } from '../message.ts';
import { page } from '../page.ts';
import type { Sessions } from '../session.ts';
import { HOME, SIGN_IN, waitWords } from '../sign-in.ts';

/** Everybody's own: their password, and the way out. */
export function ownRoutes(accounts: Accounts, sessions: Sessions): PageRoute[] {
  async function show(
    request: PageRequest,
    faults: PasswordFaults & { repeat?: string } = {},
    status = 200,
  ): Promise<ConsoleResponse> {
    const account = await accounts.byId(request.who.id);
    const isTemporary = account?.passwordIsTemporary ?? false;
    return page(request, 'accounts/password', { faults, isTemporary, charsMin: passwordLimits.charsMin }, status);
  }

  async function change(request: PageRequest): Promise<ConsoleResponse> {
    const { form, who } = request;
    const [current, password] = [form.get('current') ?? '', form.get('password') ?? ''];
    if (!request.frame.hasAccount) return show(request, {}, 422);
    if (form.get('repeat') !== password) return show(request, { repeat: 'The two are not the same.' }, 422);
    const waitMs = await sessions.countTry(who, request);
    if (waitMs > 0) return show(request, { current: waitWords(waitMs) }, 429);
    const faults = await accounts.changePassword(who, { current, password });
    if (faults) return show(request, faults, 422);
    const { cookie } = await sessions.renew(who, request);
    return redirect(HOME, { 'set-cookie': cookie });
  }

  return [
    { method: 'GET', path: PASSWORD_PAGE, role: 'viewer', handler: (request) => show(request) },
    { method: 'POST', path: PASSWORD_PAGE, role: 'viewer', handler: change },
    {
      method: 'POST',
      path: `${PASSWORD_PAGE}/sessions`,
      role: 'viewer',
      async handler(request) {
        await accounts.endSessions(request.who);
        return redirect(SIGN_IN, { 'set-cookie': setFlash('') });
      },
    },
    {
      method: 'POST',
      path: '/admin/logout',
      role: 'viewer',
      handler: async (request) => redirect(SIGN_IN, { 'set-cookie': await sessions.signOut(request) }),
    },
  ];
}
