import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AccountEntity } from '../../entities/account.ts';
import { AuditEntryEntity } from '../../entities/audit-entry.ts';
import { seed } from '../../entities/seed/index.ts';
import { lacksPart } from '../embedded/parts.ts';
import { startBrowser, type TestBrowser } from './browser.fixture.ts';
import { startConsole, TOKEN, type TestConsole } from './console.fixture.ts';

const NOON = Date.parse('2026-11-18T12:00:00-05:00');
const HOSTILE = '<img src=x onerror=alert(1)>';
/** Chromium and htmx say so of every answer that is an error: signed out, mistyped, refused. */
const REFUSED = /(the server responded with a status of|Response Status Error Code) 4(01|03|04|22)/;

describe.skipIf(await lacksPart('chromium'))('the frame in Chromium', () => {
  let console: TestConsole;
  let browser: TestBrowser;

  beforeAll(async () => {
    console = await startConsole({ now: () => NOON }, async (source) => {
      await seed(source, NOON);
      await source.getRepository(AuditEntryEntity).insert(
        Array.from({ length: 12 }, (_, i) => ({
          at: new Date(NOON - i * 60_000),
          whoName: i % 2 ? 'vera.long-name@example.com' : HOSTILE,
          action: i % 3 ? 'menu.changed' : 'call.listened',
          subject: `CA${'0123456789abcdef'.repeat(2)}`,
          detail: { item: HOSTILE, before: 4.5, after: 5 },
        })),
      );
    });
    browser = await startBrowser(console, REFUSED);
  });
  afterAll(async () => {
    await browser.close();
    await console.close();
    expect(browser.complaints).toEqual([]);
  });

  test('from the closed door to an account of one’s own, and out again', async () => {
    const page = await browser.open(null);
    expect((await page.goto('/admin/accounts'))?.status()).toBe(401);
    await page.getByLabel('Name').fill('admin');
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('Name and password do not belong together.');
    expect(await page.getByLabel('Name').inputValue()).toBe('admin');
    await page.getByLabel('Password').fill(TOKEN);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL('/admin/accounts');

    await page.getByLabel('Name', { exact: false }).first().fill('<b>');
    await page.getByRole('button', { name: 'Create the account' }).click();
    expect(await page.getByLabel('Name *').getAttribute('aria-invalid')).toBe('true');
    expect(await page.locator('#name-error').textContent()).toContain('Take letters');
    await page.getByLabel('Name *').fill('Mara');
    await page.getByRole('radio', { name: 'Supervisor' }).check();
    await page.getByRole('button', { name: 'Create the account' }).click();
    const password = (await page.locator('#secret').textContent()) ?? '';
    await browser.inspect(page, 'account-made');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL('/admin/login');

    await page.getByLabel('Name').fill('mara');
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL('/admin/password');
    await page.getByLabel('The password you were given').fill(password);
    await page.getByLabel('New password *', { exact: true }).fill('seven green llamas');
    await page.getByLabel('New password once more').fill('seven green llama');
    await page.getByRole('button', { name: 'Change it' }).click();
    expect(await page.locator('#repeat-error').textContent()).toContain('not the same');
    await page.getByLabel('The password you were given').fill(password);
    await page.getByLabel('New password *', { exact: true }).fill('seven green llamas');
    await page.getByLabel('New password once more').fill('seven green llamas');
    await page.getByRole('button', { name: 'Change it' }).click();
    await page.waitForURL('/admin/dashboard');
    expect((await page.goto('/admin/accounts'))?.status()).toBe(403);
    expect(await page.getByRole('link', { name: 'Accounts' }).count()).toBe(0);
    await page.context().close();
  });

  test('a session that ends while somebody types: nothing is lost', async () => {
    const session = await console.session('admin', 'dora');
    const page = await browser.open(session);
    await page.goto('/admin/accounts');
    await page.getByLabel('Name *').fill('late-one');
    await page.getByRole('radio', { name: 'Supervisor' }).check();
    await page.context().clearCookies();
    await page.getByRole('button', { name: 'Create the account' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('What you typed is kept');
    await browser.inspect(page, 'sign-in-kept');
    await page.getByLabel('Name').fill('admin');
    await page.getByLabel('Password').fill(TOKEN);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Welcome back, admin' }).waitFor();
    await browser.inspect(page, 'kept');
    await page.getByRole('button', { name: 'Send what I typed' }).click();
    await page.locator('#secret').waitFor();
    expect(await console.source.getRepository(AccountEntity).existsBy({ name: 'late-one', role: 'supervisor' })).toBe(
      true,
    );
    await page.context().close();
  });

  test('htmx on a page whose session has ended: a notice, nothing typed is lost, and it goes on after a sign-in elsewhere', async () => {
    const page = await browser.open(await console.session('admin', 'hedy'));
    await page.goto('/admin/accounts');
    await page.getByLabel('Name *').fill('by-htmx');
    await page.context().clearCookies();
    const send = (): Promise<unknown> =>
      page.evaluate(
        `htmx.ajax('POST', '/admin/accounts', { source: 'main form', target: '#main', swap: 'innerHTML' })`,
      );
    await send();
    const notice = page.locator('#notice');
    expect(await notice.textContent()).toContain('What you typed is still here.');
    expect(await notice.getByRole('link', { name: 'Sign in again' }).getAttribute('target')).toBe('_blank');
    expect(await page.getByLabel('Name *').inputValue()).toBe('by-htmx');
    const [name = '', value = ''] = (await console.session('admin', 'hedy again')).cookie.split('=');
    await page.context().addCookies([{ name, value, url: console.base }]);
    await send();
    expect(await notice.textContent()).toContain('older than your sign-in');
    await send();
    await page.locator('#secret').waitFor();
    expect(await page.title()).toContain('by-htmx');
    expect(await page.locator('#notice').count()).toBe(1);
    await page.context().close();
  });

  test('a dangerous button asks first, by mouse and by keyboard, and no is no', async () => {
    await console.session('viewer', 'vic');
    const page = await browser.open('admin');
    await page.goto('/admin/accounts');
    await page.getByRole('link', { name: 'vic', exact: true }).click();
    const remove = page.getByRole('main').getByRole('button', { name: 'Remove' });
    await remove.click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.textContent()).toContain('Remove the account of vic?');
    await browser.inspect(page, 'confirm');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await remove.focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    const vic = () => console.source.getRepository(AccountEntity).findOneBy({ name: 'vic' });
    expect(await vic()).toMatchObject({ isActive: true });
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await dialog.getByRole('button', { name: 'Close' }).click();
    await page.getByText('The account was changed.').waitFor();
    expect(await vic()).toMatchObject({ isActive: false });
    await remove.click();
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await page.getByText('The account was removed.').waitFor();
    expect(await vic()).toBeNull();
    await page.reload();
    expect(await page.locator('.flash').count()).toBe(0);
    await page.context().close();
  });

  test('on a phone the ways are behind a button, with the keyboard too', async () => {
    const page = await browser.open('admin', { name: 'phone', width: 360, height: 740, colorScheme: 'light' });
    await page.goto('/admin/audit');
    const ways = page.getByRole('navigation', { name: 'Console' });
    expect(await ways.isVisible()).toBe(false);
    await page.getByRole('button', { name: 'Menu' }).focus();
    await page.keyboard.press('Enter');
    expect(await ways.getByRole('link', { name: 'Audit log' }).getAttribute('aria-current')).toBe('page');
    await browser.inspect(page, 'menu-phone');
    await page.keyboard.press('Escape');
    expect(await ways.isVisible()).toBe(false);
    await page.context().close();
  });

  test('without script the ways are there and forms work', async () => {
    const page = await browser.open(
      'admin',
      { name: 'phone', width: 360, height: 740, colorScheme: 'light' },
      { javaScriptEnabled: false },
    );
    await page.goto('/admin/accounts');
    await page.getByRole('link', { name: 'Audit log' }).click();
    await page.waitForURL('/admin/audit');
    await page.getByLabel('Who', { exact: true }).fill(HOSTILE);
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByRole('link', { name: 'All', exact: true }).waitFor();
    expect(await page.getByRole('row').count()).toBe(7);
    await page.context().close();
  });

  test.each([
    ['/admin/login', 'sign-in', null],
    ['/admin/accounts', 'accounts', 'admin'],
    ['/admin/accounts/ID', 'account', 'admin'],
    ['/admin/password', 'password', 'viewer'],
    ['/admin/audit', 'audit', 'admin'],
    ['/admin/none', 'nothing-here', 'viewer'],
  ] as const)('%s: readable in every look, nothing sticks out, axe is silent', async (path, name, as) => {
    const { accountId } = await console.session('supervisor', 'sue');
    await browser.inspectLooks(as, path.replace('ID', accountId), name);
  });
});
