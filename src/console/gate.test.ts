import type * as NodeCrypto from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { AccountEntity } from '../../entities/account.ts';
import { AuditEntryEntity } from '../../entities/audit-entry.ts';
import { directoryLimits } from '../directory/limits.ts';
import { readSession } from '../directory/sessions.ts';
import { startConsole, TOKEN, type Answered, type TestConsole } from './console.fixture.ts';
import { flashOf, setFlash } from './cookies.ts';
import { pageLimits } from './guard.ts';
import { isOwnPath, unpackKept } from './kept.ts';

/** What a password costs is measured elsewhere; here dozens are compared. */
vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof NodeCrypto>();
  const scrypt = (...[password, salt, bytes, , done]: Parameters<typeof crypto.scrypt>): void =>
    crypto.scrypt(password, salt, bytes, { N: 16, r: 1, p: 1 }, done);
  return { ...crypto, scrypt };
});

const START = Date.parse('2026-11-23T09:00:00-05:00');
const HOSTILE = `<script>alert("1")</script>'&`;
const bearer = { authorization: `Bearer ${TOKEN}` };

const PLACES = [
  'https://evil.example/',
  '//evil.example/admin/',
  '/\\evil.example',
  '/admin/..//evil',
  '/voice',
  '/admin/login',
  '/admin/logout?x',
  'javascript:alert(1)',
  '/admin/x\r\nset-cookie: a=b',
  '/administrator',
];

let now = START;
let console: TestConsole;
let next = 0;

beforeAll(async () => {
  console = await startConsole({ now: () => now });
});
afterAll(() => console.close());

/** The sign-in form, as a browser at another address each time unless told. */
async function signIn(
  fields: Record<string, string>,
  headers: Record<string, string> = { 'x-forwarded-for': `198.51.100.${(next += 1)}` },
): Promise<Answered & { cookie: string }> {
  const response = await fetch(`${console.base}/admin/login`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers,
    redirect: 'manual',
  });
  const set = response.headers.get('set-cookie') ?? '';
  const { status } = response;
  return {
    status,
    headers: response.headers,
    location: response.headers.get('location'),
    text: await response.text(),
    cookie: set.split(';')[0] ?? '',
  };
}

/** As a browser that calls the console by another name. */
async function asHost(host: string, origin: string, cookie = '', method = 'POST', path = '/admin/login') {
  const headers = { host, origin, cookie, 'content-type': 'application/x-www-form-urlencoded' };
  const asked = request(console.base + path, { method, headers });
  asked.end(method === 'POST' ? new URLSearchParams({ name: 'admin', password: TOKEN }).toString() : undefined);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  let text = '';
  for await (const piece of response) text += String(piece);
  return { status: response.statusCode ?? 0, cookie: response.headers['set-cookie']?.[0], text };
}

const raw = (path: string, init: RequestInit) => fetch(console.base + path, { redirect: 'manual', ...init });
const page = (cookie: string) => console.get('/admin/password', null, { cookie });
const csrfIn = ({ text }: Answered): string => /name="csrf" value="([\w-]+)"/.exec(text)?.[1] ?? '';
const audited = async (action: string) =>
  (await console.source.getRepository(AuditEntryEntity).find({ where: { action }, order: { id: 'ASC' } })).map(
    ({ whoName, subject, detail }) => ({ whoName, subject, detail }),
  );

describe('the way in', () => {
  test('the token is the password of the first admin: a cookie that no script reads, and a line in the audit', async () => {
    const entered = await signIn(
      { name: ' Admin ', password: TOKEN, next: '/admin/audit?who=admin' },
      { 'x-forwarded-for': '203.0.113.7' },
    );
    expect([entered.status, entered.location]).toEqual([303, '/admin/audit?who=admin']);
    expect(entered.headers.get('set-cookie')).toMatch(
      /^aida_session=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Lax$/,
    );
    expect((await console.get('/admin/accounts', null, { cookie: `other=1; ${entered.cookie}` })).status).toBe(200);
    expect(await audited('session.began')).toEqual([
      { whoName: 'admin', subject: 'admin', detail: { address: '203.0.113.7' } },
    ]);
  });

  test('Redis holds no secret that a browser could show', async () => {
    const { cookie } = await signIn({ name: 'admin', password: TOKEN });
    const secret = cookie.split('=')[1] ?? '';
    const keys: string[] = [];
    for await (const some of console.link.scan('*')) keys.push(...some);
    const values = await Promise.all(
      keys.filter((key) => key.startsWith('session:')).map((key) => console.link.command('get', key)),
    );
    expect(values.length).toBeGreaterThan(0);
    expect(JSON.stringify([keys, values])).not.toContain(secret);
    expect(await readSession(console.link, secret, now)).toMatchObject({ accountId: 'admin' });
  });

  test('a wrong password and a name that nobody has: the same words, no cookie, and no typed secret in the audit', async () => {
    await console.session('viewer', 'vera');
    const before = (await audited('session.refused')).length;
    const answers = [];
    for (const name of ['admin', 'vera', 'nobody', 'hunter2hunter2', HOSTILE, ''])
      answers.push(await signIn({ name, password: 'wrong' }));
    for (const { status, headers, text } of answers) {
      expect([status, headers.get('set-cookie')]).toEqual([401, null]);
      expect(text).toContain('Name and password do not belong together.');
      expect(text).not.toContain('<script>alert');
    }
    expect((await audited('session.refused')).slice(before).map(({ subject }) => subject)).toEqual([
      'admin',
      'vera',
      '(unknown)',
      '(unknown)',
      '(unknown)',
      '(unknown)',
    ]);
  });

  test('it leads nowhere but into the console', async () => {
    for (const place of PLACES) {
      expect(isOwnPath(place)).toBe(false);
      const form = await console.get(`/admin/login?next=${encodeURIComponent(place)}`, null);
      expect(form.text).toContain('name="next" value="/admin/dashboard"');
    }
    const entered = await signIn({ name: 'admin', password: TOKEN, next: PLACES[0] ?? '' });
    expect(entered.location).toBe('/admin/dashboard');
    for (const place of ['/admin/calls?from=2026-11-01&q=a+b%20c', '/phone', '/admin'])
      expect(isOwnPath(place)).toBe(true);
  });

  test('without https nobody types a password, but on this machine', async () => {
    const host = '192.168.1.5:3001';
    const plain = await asHost(host, `http://${host}`);
    expect([plain.status, plain.cookie]).toEqual([403, undefined]);
    expect(plain.text).toContain('The console needs https here');
    const behindTls = await asHost('aida.example.com', 'https://aida.example.com');
    expect([behindTls.status, behindTls.cookie]).toEqual([
      303,
      expect.stringMatching(/^__Host-aida_session=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Lax; Secure$/),
    ]);
  });

  test('under a name that is not this machine’s the cookie of this machine opens nothing', async () => {
    const { cookie } = await console.session('admin');
    expect((await asHost('aida.example.com', '', cookie, 'GET', '/admin/password')).status).toBe(401);
  });
});

describe('guessing', () => {
  test('five tries for one name from one place, then none, right or wrong, and others still may', async () => {
    const from = { 'x-forwarded-for': '192.0.2.1' };
    const statuses = [];
    for (let i = 0; i < directoryLimits.signInPairMax + 1; i++)
      statuses.push((await signIn({ name: 'admin', password: `wrong ${i}` }, from)).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
    const right = await signIn({ name: 'admin', password: TOKEN }, from);
    expect([right.status, right.cookie]).toEqual([429, '']);
    expect(right.text).toContain('Too many tries. Wait 15 minutes');
    expect((await signIn({ name: 'admin', password: TOKEN })).status).toBe(303);
  });

  test('as many at once are no more than their number', async () => {
    const from = { 'x-forwarded-for': '192.0.2.2' };
    const all = await Promise.all(
      Array.from({ length: 9 }, (_, i) => signIn({ name: 'someone', password: `${i}` }, from)),
    );
    expect(all.map(({ status }) => status).toSorted((left, right) => left - right)).toEqual([
      ...Array.from({ length: directoryLimits.signInPairMax }, () => 401),
      ...Array.from({ length: 9 - directoryLimits.signInPairMax }, () => 429),
    ]);
  });

  test('a right password forgives what was mistyped before it', async () => {
    const from = { 'x-forwarded-for': '192.0.2.3' };
    for (let round = 0; round < 2; round++) {
      for (let i = 1; i < directoryLimits.signInPairMax; i++)
        expect((await signIn({ name: 'admin', password: 'wrong' }, from)).status).toBe(401);
      expect((await signIn({ name: 'admin', password: TOKEN }, from)).status).toBe(303);
    }
  });
});

describe('a session', () => {
  test('signing in always makes another one: what was planted before is worth nothing', async () => {
    const planted = `aida_session=${'A'.repeat(43)}`;
    const entered = await signIn(
      { name: 'admin', password: TOKEN },
      { cookie: planted, 'x-forwarded-for': '192.0.2.9' },
    );
    expect(entered.cookie).not.toBe(planted);
    expect((await page(planted)).status).toBe(401);
    const again = await signIn(
      { name: 'admin', password: TOKEN },
      { cookie: entered.cookie, 'x-forwarded-for': '192.0.2.9' },
    );
    expect(again.cookie).not.toBe(entered.cookie);
    expect([(await page(entered.cookie)).status, (await page(again.cookie)).status]).toEqual([401, 200]);
  });

  test('it ends after a while without a request, and for good after half a day', async () => {
    const { cookie } = await signIn({ name: 'admin', password: TOKEN });
    const secret = cookie.split('=')[1] ?? '';
    const keys: string[] = [];
    for await (const some of console.link.scan('session:*')) keys.push(...some);
    const lives = await Promise.all(keys.map((key) => console.link.command('pttl', key)));
    for (const life of lives) {
      expect(Number(life)).toBeGreaterThan(0);
      expect(Number(life)).toBeLessThanOrEqual(directoryLimits.sessionIdleMs);
    }
    now = START + directoryLimits.sessionLifeMs - 1;
    expect((await page(cookie)).status).toBe(200);
    now = START + directoryLimits.sessionLifeMs;
    expect((await page(cookie)).status).toBe(401);
    now = START;
    expect(await readSession(console.link, secret, now)).toBeNull();
  });

  test('signing out ends it everywhere, not in one browser alone', async () => {
    const { cookie } = await signIn({ name: 'admin', password: TOKEN });
    const csrf = csrfIn(await page(cookie));
    const out = await raw('/admin/logout', {
      method: 'POST',
      body: new URLSearchParams({ csrf }),
      headers: { cookie },
    });
    expect([out.status, out.headers.get('location'), out.headers.get('set-cookie')]).toEqual([
      303,
      '/admin/login',
      'aida_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax',
    ]);
    expect((await page(cookie)).status).toBe(401);
  });

  test('another role, a closed account, an account that is gone: each ends its sessions at once', async () => {
    for (const [name, act] of [
      ['rosa', (id: string) => console.post(`/admin/accounts/${id}`, { role: 'supervisor' })],
      ['carl', (id: string) => console.post(`/admin/accounts/${id}`, { active: 'no' })],
      ['gina', (id: string) => console.post(`/admin/accounts/${id}/remove`, {})],
      ['nora', (id: string) => console.post(`/admin/accounts/${id}/password`, {})],
    ] as const) {
      const session = await console.session('viewer', name);
      expect((await page(session.cookie)).status).toBe(200);
      expect((await act(session.accountId)).status).toBeLessThan(400);
      expect((await page(session.cookie)).status).toBe(401);
    }
  });

  test('another token ends the sessions of the old one, and its bearers', async () => {
    const { cookie } = await signIn({ name: 'admin', password: TOKEN });
    const other = await startConsole({
      dataSource: console.source,
      link: console.link,
      adminToken: 'another-token-altogether',
    });
    const statuses = await Promise.all(
      [{ cookie }, bearer, { authorization: 'Bearer another-token-altogether' }].map(
        async (headers) => (await other.get('/admin/password', null, headers as Record<string, string>)).status,
      ),
    );
    expect(statuses).toEqual([401, 401, 200]);
    await other.close();
  });
});

describe('what other sites make a browser send', () => {
  const change = (headers: Record<string, string>, fields: Record<string, string> = {}) =>
    raw('/admin/password/sessions', { method: 'POST', body: new URLSearchParams(fields), headers });

  test('a form without the token of its session changes nothing, whatever else is right', async () => {
    const { cookie, accountId, csrf } = await console.session('viewer', 'clara');
    const other = await console.session('viewer', 'otto');
    for (const fields of [{}, { csrf: '' }, { csrf: 'A'.repeat(43) }, { csrf: other.csrf }, { csrf: `${csrf}x` }])
      expect((await change({ cookie }, fields)).status).toBe(403);
    expect((await change({ cookie, 'x-csrf-token': other.csrf })).status).toBe(403);
    const account = await console.source.getRepository(AccountEntity).findOneByOrFail({ id: accountId });
    expect(account.generation).toBe(1);
    expect((await change({ cookie, 'x-csrf-token': csrf })).status).toBe(303);
  });

  test('the token of a session that has ended is worth nothing to the next one', async () => {
    const first = await signIn({ name: 'admin', password: TOKEN });
    const old = csrfIn(await page(first.cookie));
    const second = await signIn(
      { name: 'admin', password: TOKEN },
      { cookie: first.cookie, 'x-forwarded-for': '192.0.2.77' },
    );
    expect((await change({ cookie: second.cookie }, { csrf: old })).status).toBe(403);
    expect((await change({ cookie: first.cookie }, { csrf: old })).status).toBe(401);
  });

  test.each([
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
    [{ origin: 'https://evil.example' }],
    [{ origin: 'null' }],
  ])('%j: refused, even with the right token, and signing in too', async (headers) => {
    const { cookie, csrf } = await console.session('viewer', 'ines');
    const refused = await change({ cookie, ...(headers as Record<string, string>) }, { csrf });
    expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('Another site sent this')]);
    const entered = await signIn({ name: 'admin', password: TOKEN }, headers);
    expect([entered.status, entered.cookie]).toEqual([403, '']);
  });

  test('what a browser says of our own pages is let through', async () => {
    const { cookie, csrf } = await console.session('viewer', 'emil');
    const own = { cookie, origin: console.base, 'sec-fetch-site': 'same-origin' };
    expect((await change(own, { csrf })).status).toBe(303);
  });

  test('a program with the token needs no other one', async () => {
    expect(
      (
        await raw('/admin/accounts', {
          method: 'POST',
          headers: { ...bearer, 'content-type': 'application/x-www-form-urlencoded' },
        })
      ).status,
    ).toBe(422);
  });
});

describe('a form that was posted too late', () => {
  const TYPED = { title: HOSTILE, body: 'line 1\r\nline 2 – ü', csrf: 'old' };

  test('what was typed waits through the sign-in and is offered again, to be sent by a click', async () => {
    const late = await raw('/admin/accounts?x=1', { method: 'POST', body: new URLSearchParams(TYPED) });
    const form = await late.text();
    expect(late.status).toBe(401);
    expect(form).toContain('What you typed is kept');
    const kept = /name="kept" value="([\w-]+)"/.exec(form)?.[1] ?? '';
    const wrong = await signIn({ name: 'admin', password: 'wrong', kept });
    expect(/name="kept" value="([\w-]+)"/.exec(wrong.text)?.[1]).toBe(kept);
    const entered = await signIn({ name: 'admin', password: TOKEN, kept });
    expect(entered.status).toBe(200);
    expect(entered.text).toContain('<form method="post" action="/admin/accounts?x=1">');
    expect(entered.text).toContain('name="title" value="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;"');
    expect(entered.text).toContain('value="line 1\r\nline 2 – ü"');
    expect(entered.text).not.toContain('value="old"');
    const csrf = csrfIn(entered);
    const again = await raw('/admin/accounts?x=1', {
      method: 'POST',
      body: new URLSearchParams({ csrf, name: 'late', role: 'viewer' }),
      headers: { cookie: entered.cookie },
    });
    expect(again.status).toBe(200);
  });

  test('what another site posts is never kept', async () => {
    const planted = await raw('/admin/accounts', {
      method: 'POST',
      body: new URLSearchParams({ name: 'evil', role: 'admin' }),
      headers: { 'sec-fetch-site': 'cross-site' },
    });
    expect([planted.status, await planted.text()]).toEqual([403, expect.not.stringContaining('evil')]);
  });

  test('what was kept by nobody of ours is thrown away', async () => {
    const packed = [
      JSON.stringify({ action: 'https://evil.example/', fields: [] }),
      JSON.stringify({ action: '/admin/logout', fields: [] }),
      JSON.stringify({ action: '/admin/menu', fields: [['a']] }),
      JSON.stringify({ action: '/admin/menu', fields: 'x' }),
      'null',
      'no json',
    ].map((text) => Buffer.from(text).toString('base64url'));
    for (const kept of ['', ...packed]) expect(unpackKept(kept)).toBeNull();
    const entered = await signIn({ name: 'admin', password: TOKEN, kept: packed[0] ?? '' });
    expect([entered.status, entered.location]).toEqual([303, '/admin/dashboard']);
  });

  test('a page from before the last sign-in: its form comes back with all that was typed and the new token', async () => {
    const session = await console.session('viewer', 'paul');
    const stale = await console.post('/admin/password', { ...TYPED }, session);
    expect(stale.status).toBe(403);
    expect(stale.text).toContain('value="line 1\r\nline 2 – ü"');
    expect(csrfIn(stale)).toBe(session.csrf);
  });

  test('htmx is told in its page, which stays as it is', async () => {
    const ended = await console.get('/admin/audit', null, { 'hx-request': 'true' });
    expect([ended.status, ended.headers.get('hx-retarget')]).toEqual([401, '#notice']);
    expect(ended.text).toContain('What you typed is still here');
    expect(ended.text).not.toContain('<html');
    const { cookie, csrf } = await console.session('viewer', 'hugo');
    const stale = await raw('/admin/password', {
      method: 'POST',
      body: new URLSearchParams(),
      headers: { cookie, 'hx-request': 'true', 'x-csrf-token': 'old' },
    });
    expect([stale.status, stale.headers.get('hx-trigger')]).toEqual([403, JSON.stringify({ csrf })]);
  });
});

test('a sentence for the next page is cut wherever its bound is', () => {
  const cookie = setFlash(`${'x'.repeat(299)}😀`);
  expect(flashOf({ header: () => cookie })).toBe(`${'x'.repeat(299)}\uFFFD`);
});

describe('bodies', () => {
  test('another type than a form: 415; more than the page takes: 413 in words', async () => {
    const { cookie, csrf } = await console.session('admin');
    const json = await raw('/admin/accounts', {
      method: 'POST',
      body: JSON.stringify({ csrf }),
      headers: { cookie, 'content-type': 'application/json', 'x-csrf-token': csrf },
    });
    expect([json.status, await json.text()]).toEqual([415, expect.stringContaining('Please use the form.')]);
    const large = await console.post('/admin/accounts', { name: 'x'.repeat(pageLimits.formBytesMax) });
    expect([large.status, large.text]).toEqual([413, expect.stringContaining('Too large')]);
    const larger = await raw('/admin/accounts', {
      method: 'POST',
      body: 'x'.repeat(pageLimits.uploadBytesMax + 1),
      headers: { cookie },
    });
    expect(larger.status).toBe(413);
  });

  test('who shows nothing sends no file: 413 before it is read; a form of any size is kept', async () => {
    const { cookie } = await console.session('admin');
    const send = (path: string, body: Buffer | URLSearchParams, headers: Record<string, string> = {}) =>
      raw(path, { method: 'POST', body, headers });
    const file = Buffer.alloc(pageLimits.formBytesMax + 1, 'a');
    const type = { 'content-type': 'multipart/form-data; boundary=x' };
    const path = '/admin/knowledge-base/import';
    expect((await send(path, file, type)).status).toBe(413);
    expect((await send(path, file, { ...type, cookie: 'aida_session=short' })).status).toBe(413);
    expect((await send(path, file, { ...type, cookie })).status).toBe(415);
    const kept = await send('/admin/menu/item/new', new URLSearchParams({ name: 'x'.repeat(100_000) }));
    expect([kept.status, await kept.text()]).toEqual([401, expect.stringContaining('What you typed is kept')]);
  });

  test('more fields than any page has are not taken, at the sign-in neither', async () => {
    const many = new URLSearchParams(Array.from({ length: 10_001 }, (): [string, string] => ['a', '']));
    const at = async (path: string) => (await raw(path, { method: 'POST', body: many })).status;
    expect(await at('/admin/login')).toBe(415);
    const page = await (await raw('/admin/menu/item/new', { method: 'POST', body: many })).text();
    expect(page).not.toContain('name="kept"');
  });

  test.each(['multipart/form-data', 'multipart/form-data; boundary=x'])('%s without parts: 415', async (type) => {
    const { cookie } = await console.session('admin');
    const broken = await raw('/admin/accounts', {
      method: 'POST',
      body: '--y\r\nno end',
      headers: { cookie, 'content-type': type },
    });
    expect(broken.status).toBe(415);
  });
});

describe('when something is away', () => {
  test('without ADMIN_TOKEN nothing opens that no account opens', async () => {
    const closed = await startConsole({ dataSource: console.source, link: console.link, adminToken: null });
    for (const headers of [bearer, {}, { authorization: 'Bearer null' }, { authorization: 'Bearer ' }])
      expect((await closed.get('/admin/dashboard', null, headers as Record<string, string>)).status).toBe(401);
    const entered = await closed.post('/admin/login', { name: 'admin', password: 'null' }, null);
    expect(entered.status).toBe(401);
    const { cookie } = await console.session('viewer', 'vera');
    expect((await closed.get('/admin/password', null, { cookie })).status).toBe(200);
    await closed.close();
  });

  test('Redis: a clear page for everybody with a session, nobody is let in, programs still are', async () => {
    const away = await startConsole({ dataSource: console.source });
    const { cookie } = await away.session('admin', 'rita');
    await away.redis.stop();
    const signedIn = await away.get('/admin/accounts', null, { cookie });
    expect([signedIn.status, signedIn.text]).toEqual([503, expect.stringContaining('Redis does not answer')]);
    const entered = await away.post('/admin/login', { name: 'admin', password: TOKEN }, null);
    expect([entered.status, entered.text]).toEqual([503, expect.stringContaining('Nobody can sign in just now')]);
    expect(entered.headers.get('set-cookie')).toBeNull();
    expect((await away.get('/admin/accounts', null, bearer)).status).toBe(200);
    expect((await away.get('/admin/accounts', null)).status).toBe(401);
    await away.close();
  });

  test('the database: a clear page, and nobody is let in', async () => {
    const { cookie } = await console.session('admin');
    await console.source.query('ALTER TABLE account RENAME TO away');
    const signedIn = await console.get('/admin/accounts', null, { cookie });
    const entered = await signIn({ name: 'vera', password: 'x' });
    await console.source.query('ALTER TABLE away RENAME TO account');
    expect([signedIn.status, signedIn.text]).toEqual([503, expect.stringContaining('The database does not answer')]);
    expect([entered.status, entered.cookie]).toEqual([503, '']);
    expect((await console.get('/admin/accounts', null, { cookie })).status).toBe(200);
  });
});
