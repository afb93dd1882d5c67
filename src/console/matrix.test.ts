import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accountRoles, type AccountRole } from '../../entities/account.ts';
import { startConsole, TOKEN, type TestConsole } from './console.fixture.ts';
import { createGate } from './gate.ts';
import type { PageRoute } from './guard.ts';
import type { ConsoleRequest } from './message.ts';
import { navEntries } from './nav.ts';
import type { PhonePort } from './phone/routes.ts';
import { consolePages, consoleRoutes } from './routes.ts';
import type { Sessions } from './session.ts';

const TABLE = '../../docs/console-routes.md';
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
const PEOPLE = ['nobody', ...accountRoles, 'machine', 'wrong token'] as const;

/** There, and never used. */
const phone: PhonePort = {
  socketPath: '/phone/line',
  typedCharsMax: 1,
  hasVoice: false,
  callerOf: (name) => name,
  ticketFor: () => ({ refused: 'Not in a test.' }),
};

let console: TestConsole;
let pages: PageRoute[];
let sessions: Sessions;

beforeAll(async () => {
  console = await startConsole({ phone });
  ({ pages, sessions } = consolePages(console.options));
});
afterAll(() => console.close());

/** The table that people read, and that a change of anybody's rights has to change. */
function table(): string {
  const lines = pages.map(({ method, path, role }) => {
    const may = accountRoles.map((each) => (accountRoles.indexOf(each) >= accountRoles.indexOf(role) ? 'yes' : '–'));
    return `| ${method} | \`${path}\` | ${may.join(' | ')} |`;
  });
  return [
    '# Who may what in the console',
    '',
    'Every address of the console but the form that signs in and the files of its design. Nobody who is not signed in gets',
    'any of them: a browser gets the form, a program 401. A program that shows `ADMIN_TOKEN` as bearer has the rights of an',
    'admin. A test asks each address by each method as each of them, and fails when this table is not what is so.',
    '',
    `| method | address | ${accountRoles.join(' | ')} |`,
    '|---|---|---|---|---|',
    ...lines.toSorted(),
    '',
  ].join('\n');
}

test('who may what stands in docs/console-routes.md', async () => {
  await expect(table()).toMatchFileSnapshot(TABLE);
});

test('every page of the console is behind the gate, and only the sign-in and static files are not', () => {
  const open = consoleRoutes(console.options).map(({ method, path }) => `${method} ${path}`);
  expect(open.toSorted()).toEqual([
    'GET /admin',
    'GET /admin/*',
    'GET /admin/login',
    'GET /admin/static/*',
    'GET /phone',
    'GET /phone/*',
    'POST /admin',
    'POST /admin/*',
    'POST /admin/login',
    'POST /phone',
    'POST /phone/*',
  ]);
  for (const { path } of pages) expect(path).toMatch(/^\/(admin|phone)(\/|$)/);
  const paths = pages.map(({ method, path }) => `${method} ${path}`);
  expect(new Set(paths).size).toBe(paths.length);
});

test('nothing that changes anything answers a GET of a viewer, and every way leads to a page', () => {
  const known = new Set(pages.filter(({ method }) => method === 'GET').map(({ path }) => path));
  for (const { path, method, role } of pages)
    if (method === 'POST' && role === 'viewer') expect(VIEWERS_POSTS).toContain(path);
  expect(navEntries.filter(({ path }) => !known.has(path)).map(({ path }) => path)).toEqual([]);
});

/** What a viewer may change is their own. */
const VIEWERS_POSTS = ['/admin/password', '/admin/password/sessions', '/admin/logout', '/phone/ticket'];

const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replace(/[.]/g, '[.]').replaceAll(/:\w+/g, '[^/]+').replace('*', '.*')}$`);

/** A path that the pattern takes. */
const example = (path: string): string => path.replaceAll(/:\w+/g, 'CA1').replace('*', 'x');

describe('each address by each method as each of them', () => {
  let gate: ReturnType<typeof createGate>;

  beforeAll(() => {
    gate = createGate({
      dataSource: console.source,
      sessions,
      log: { error: () => {}, warn: () => {} },
      routes: pages.map((page) => ({ ...page, handler: () => ({ status: 200, body: `${page.method} ${page.path}` }) })),
    });
  });

  /** What happened to it: refused on the way, or let through to the page. */
  async function outcome(route: PageRoute, method: string, person: (typeof PEOPLE)[number]): Promise<string> {
    const headers: Record<string, string> = { host: '127.0.0.1', 'content-type': 'application/x-www-form-urlencoded' };
    let body = '';
    if (person === 'machine') headers['authorization'] = `Bearer ${TOKEN}`;
    else if (person === 'wrong token') headers['authorization'] = `Bearer ${TOKEN}x`;
    else if (person !== 'nobody') {
      const session = await console.session(person);
      headers['cookie'] = session.cookie;
      body = new URLSearchParams({ csrf: session.csrf }).toString();
    }
    const request: ConsoleRequest = {
      method,
      path: example(route.path),
      query: '',
      header: (name) => headers[name] ?? '',
      address: '127.0.0.1',
      body: Buffer.from(body),
    };
    const response = await gate(request);
    if (response.status !== 200) return String(response.status);
    return String(response.body) === `${route.method} ${route.path}` ? 'page' : `other page: ${String(response.body)}`;
  }

  const rightsOf = (person: (typeof PEOPLE)[number]): AccountRole | null => {
    if (person === 'machine') return 'admin';
    return person === 'nobody' || person === 'wrong token' ? null : person;
  };

  /** What has to happen, told without the gate. */
  function due(route: PageRoute, method: string, person: (typeof PEOPLE)[number]): string {
    const role = rightsOf(person);
    if (role === null) return '401';
    const asked = method === 'HEAD' ? 'GET' : method;
    if (asked !== route.method) {
      const path = example(route.path);
      return pages.some((each) => each.method === asked && patternOf(each.path).test(path)) ? 'its own line' : '405';
    }
    return accountRoles.indexOf(role) >= accountRoles.indexOf(route.role) ? 'page' : '403';
  }

  test.each(PEOPLE)('%s', async (person) => {
    const wrong: string[] = [];
    let asked = 0;
    for (const route of pages)
      for (const method of METHODS) {
        const expected = due(route, method, person);
        if (expected === 'its own line') continue;
        asked += 1;
        const found = await outcome(route, method, person);
        if (found !== expected) wrong.push(`${method} ${route.path} as ${person}: ${found}, not ${expected}`);
      }
    expect(wrong).toEqual([]);
    expect(asked).toBeGreaterThanOrEqual(pages.length * (METHODS.length - 2));
  });

  test.each(['/admin/none', '/admin/static', '/admin/dashboard/', '/phone/none', '/admin//dashboard'])(
    '%s: 401 for nobody, 404 for an admin',
    async (path) => {
      expect((await console.get(path, null)).status).toBe(401);
      expect((await console.get(path, 'admin')).status).toBe(404);
    },
  );
});

test('no view has anything inline that the policy would not run', () => {
  const folder = join(import.meta.dirname, 'views');
  const views = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.eta'));
  expect(views.length).toBeGreaterThan(5);
  const inline = /\sstyle=|\son[a-z]+=["']|<style|<script(?![^>]*\bsrc=)|javascript:/i;
  const faults = views.filter((name) => inline.test(readFileSync(join(folder, name), 'utf8')));
  expect(faults).toEqual([]);
});
