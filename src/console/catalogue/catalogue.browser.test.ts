import type { Page } from 'playwright-core';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seed } from '../../../entities/seed/index.ts';
import { StaffMemberEntity } from '../../../entities/staff-member.ts';
import { createAssistant } from '../../assistant.ts';
import { subscribe } from '../../directory/redis.ts';
import { lacksPart } from '../../embedded/parts.ts';
import type { DatabaseServer } from '../../embedded/postgres.ts';
import type { Ground } from '../../ground.ts';
import { CATALOG_CHANNEL } from '../../services/catalog-keeper.ts';
import { openDatabase } from '../../services/database.ts';
import { createServices, type Services } from '../../services/services.ts';
import { createLog } from '../../telemetry/log.ts';
import { looks, startBrowser, type TestBrowser } from '../browser.fixture.ts';
import { startConsole, startDatabase, type TestConsole } from '../console.fixture.ts';

/** What a live call may take to know of a change. */
const soon = { timeout: 2_000, interval: 20 };

describe.skipIf(await lacksPart('chromium'))('what a store decides, in Chromium', () => {
  let database: DatabaseServer;
  let source: DataSource;
  let services: Services;
  let console: TestConsole;
  let browser: TestBrowser;
  /** Another node: it learns of changes by message alone. */
  let node: Services;

  beforeAll(async () => {
    database = await startDatabase();
    source = await openDatabase(database.url);
    await seed(source, Date.now());
    await source.getRepository(StaffMemberEntity).insert([
      { name: 'Sam <b>Barista</b>', number: '+12075550143' },
      { name: 'Kim', number: '+12075550144', sortOrder: 1, isAvailable: false },
    ]);
    const log = createLog('silent');
    services = await createServices(source, { now: Date.now, log });
    const config = { openai: { apiUrl: 'http://127.0.0.1:9', apiKey: '' }, understanding: null };
    const assistant = createAssistant({ config, dataSource: source, services, log } as unknown as Ground);
    console = await startConsole({ dataSource: source, assistant });
    node = await createServices(source, {
      now: Date.now,
      log,
      onChange: (changed) => subscribe(console.redis.url, CATALOG_CHANNEL, changed),
    });
    browser = await startBrowser(console, /status of 4(?:09|22)/);
  });

  afterAll(async () => {
    await browser.close();
    await console.close();
    node.close();
    services.close();
    await source.destroy();
    await database.stop();
  });

  const save = (page: Page) => page.getByRole('button', { name: 'Save', exact: true }).last().click();

  test('a document: wrong, previewed, searched as Aida does, written by two, brought back', async () => {
    const page = await browser.open('supervisor');
    await page.goto('/admin/knowledge-base/document/new?question=May+I+bring+my+llama%3F');
    await page.getByLabel('Answer').fill('<script>alert(1)</script> Llamas wait outside.');
    await save(page);
    expect(await page.getByRole('alert').innerText()).toContain('Title: A document has a title');
    await page.getByRole('link', { name: 'In which category' }).click();
    expect(await page.evaluate('document.activeElement.id')).toBe('category');
    await page.getByLabel('Title').fill('Llamas');
    await page.getByLabel('Category').fill('Visiting');
    await page.getByRole('button', { name: 'Preview' }).click();
    expect(await page.locator('#preview-hit').innerText()).toBe('<script>alert(1)</script> Llamas wait outside.');
    await save(page);
    expect(await page.locator('.flash').innerText()).toBe('“Llamas” is saved.');
    await page.getByLabel('Search as Aida does').fill('can my llama come in');
    await page.getByRole('button', { name: 'Search' }).click();
    expect(await page.locator('.hits').innerText()).toContain('Llamas wait outside.');
    await page.getByRole('link', { name: 'Llamas' }).click();

    const other = await browser.open('admin');
    await other.goto(page.url());
    await other.getByLabel('Answer').fill('Llamas are welcome.');
    await save(other);
    await page.getByLabel('Answer').fill('No llamas.');
    await save(page);
    expect(await page.locator('.versus').innerText()).toMatch(
      /Saved by ada[^]*Llamas are welcome\.[^]*Yours[^]*No llamas\./,
    );
    expect(await page.getByLabel('Answer').inputValue()).toBe('No llamas.');
    await browser.inspect(page, 'catalogue-clash');
    await save(page);
    await other.goto(`${page.url()}?q=llama`);
    expect(await other.locator('.hits').innerText()).toContain('No llamas.');
    await other.getByRole('link', { name: 'Llamas' }).click();
    await other.getByRole('link', { name: 'Versions' }).click();
    await other.getByRole('button', { name: 'Restore version 2' }).click();
    await other.locator('#confirm-yes').click();
    expect(await other.getByLabel('Answer').inputValue()).toBe('Llamas are welcome.');
    expect(browser.complaints).toEqual([]);
  });

  test('a file is looked at line by line before it is imported; a wrong one changes nothing', async () => {
    const page = await browser.open('supervisor');
    await page.goto('/admin/knowledge-base/import');
    const choose = async (name: string, text: string) => {
      await page
        .getByLabel('Markdown or CSV')
        .setInputFiles({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });
      await page.getByRole('button', { name: 'Look at it' }).click();
    };
    await choose('menu.pdf', '%PDF-1.7');
    expect(await page.getByRole('alert').innerText()).toBe('“menu.pdf” is neither Markdown (.md) nor CSV (.csv).');
    await choose(
      'faq.csv',
      'title,answer\n"<img src=x onerror=alert(1)>","a, ""b"" 🐶\nc"\n,none\nParking,In the yard.',
    );
    expect(await page.getByRole('row').allInnerTexts()).toMatchObject([
      expect.stringMatching(/Line/),
      expect.stringMatching(/2\s+<img src=x onerror=alert\(1\)>\s+made\s+In General/),
      expect.stringMatching(/4\s+\(no title\)\s+refused\s+A document has a title/),
      expect.stringMatching(/5\s+Parking\s+changed\s+Changes: Answer/),
    ]);
    await browser.inspect(page, 'catalogue-import-plan');
    await page.getByRole('button', { name: 'Import 2 documents' }).click();
    expect(await page.locator('.flash').innerText()).toBe('Imported: 1 made, 1 changed.');
    const rows = await source.query('SELECT body FROM knowledge_document WHERE title LIKE $1', ['<img%']);
    expect(rows).toEqual([{ body: 'a, "b" 🐶\nc' }]);
    expect(browser.complaints).toEqual([]);
  });

  test('sold out by one click: another node’s calls are told within two seconds', async () => {
    const page = await browser.open('supervisor');
    await page.goto('/admin/menu');
    await page.getByRole('button', { name: 'Sold out: Mocha', exact: true }).click();
    await expect.poll(() => node.persona().instructions, soon).toContain('Sold out right now\n- Mocha.');
    expect(await page.locator('.flash').innerText()).toBe('“Mocha” is sold out. Calls are told.');
    await page.getByRole('button', { name: 'Sold out: Oat milk', exact: true }).click();
    await expect.poll(() => node.persona().instructions, soon).toContain('Oat milk (Latte)');
    await page.getByRole('button', { name: 'To be had again: Mocha' }).click();
    await expect.poll(() => node.persona().instructions, soon).not.toContain('Mocha.');
    expect(browser.complaints).toEqual([]);
  });

  test('the week: a night past midnight is stored and told', async () => {
    const page = await browser.open('supervisor');
    await page.goto('/admin/hours/week');
    const monday = page.getByRole('group', { name: 'Monday' });
    await monday.getByLabel('Closed').uncheck();
    await monday.getByLabel('Opens').fill('18:00');
    await save(page);
    expect(await page.getByRole('alert').innerText()).toContain('Monday: Not a time as in 07:30 or 18:00.');
    await monday.getByLabel('Closes').fill('02:00');
    await save(page);
    expect(await page.locator('.flash').innerText()).toBe('The week is saved.');
    await expect.poll(() => node.week()[1]?.formattedHours, soon).toBe('18:00 - 02:00');
    expect(browser.complaints).toEqual([]);
  });

  test.each([
    ['knowledge', '/admin/knowledge-base', 3],
    ['ask', '/admin/knowledge-base/ask?question=oat+latte&tool=get_product_details', 0],
    ['menu', '/admin/menu', 2],
    ['item', '/admin/menu/item/1', 1],
    ['category', '/admin/menu/category/1', 3],
    ['hours', '/admin/hours', 2],
    ['week', '/admin/hours/week', 3],
    ['date', '/admin/hours/date/new', 0],
    ['plans', '/admin/subscriptions', 3],
    ['plan', '/admin/subscriptions/plan/1', 1],
    ['staff', '/admin/staff', 3],
    ['person', '/admin/staff/person/1', 2],
    ['persona', '/admin/persona', 0],
    ['policies', '/admin/policies', 3],
    ['settings', '/admin/settings', 2],
  ] as const)('%s: readable', async (name, path, at) => {
    const page = await browser.open('admin', looks[at]);
    await page.goto(path);
    await browser.inspect(page, `catalogue-${name}-${looks[at].name}`);
    await page.context().close();
    expect(browser.complaints).toEqual([]);
  });
});
