import type { Page } from 'playwright-core';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MenuItemEntity } from '../../../entities/menu-item.ts';
import { seed } from '../../../entities/seed/index.ts';
import { StaffMemberEntity } from '../../../entities/staff-member.ts';
import { createAssistant } from '../../assistant.ts';
import { subscribe } from '../../directory/redis.ts';
import { lacksPart } from '../../embedded/parts.ts';
import { type DatabaseServer, startPglite } from '../../embedded/postgres.ts';
import type { Ground } from '../../ground.ts';
import { CATALOG_CHANNEL } from '../../services/catalog-keeper.ts';
import { openDatabase } from '../../services/database.ts';
import { createServices, type Services } from '../../services/services.ts';
import { createLog } from '../../telemetry/log.ts';
import { startBrowser, type TestBrowser } from '../browser.fixture.ts';
import { startConsole, type TestConsole } from '../console.fixture.ts';

describe.skipIf(await lacksPart('chromium'))('what a store decides, in Chromium', () => {
  let database: DatabaseServer;
  let source: DataSource;
  let services: Services;
  let console: TestConsole;
  let browser: TestBrowser;
  /** Another node: it learns of changes by message alone. */
  let node: Services;

  beforeAll(async () => {
    database = await startPglite();
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

  test.each([
    ['knowledge', '/admin/knowledge-base'],
    ['knowledge-search', '/admin/knowledge-base?q=where+can+I+park'],
    ['ask', '/admin/knowledge-base/ask?question=oat+latte&tool=get_product_details'],
    ['document', '/admin/knowledge-base/document/1'],
    ['import', '/admin/knowledge-base/import'],
    ['menu', '/admin/menu'],
    ['item', '/admin/menu/item/1'],
    ['category', '/admin/menu/category/1'],
    ['hours', '/admin/hours'],
    ['week', '/admin/hours/week'],
    ['date', '/admin/hours/date/new'],
    ['plans', '/admin/subscriptions'],
    ['plan', '/admin/subscriptions/plan/1'],
    ['staff', '/admin/staff'],
    ['person', '/admin/staff/person/1'],
    ['settings', '/admin/settings'],
    ['persona', '/admin/persona'],
    ['policies', '/admin/policies'],
  ])('%s: readable in every look', async (name, path) => {
    await browser.inspectLooks('admin', path, `catalogue-${name}`);
    expect(browser.complaints).toEqual([]);
  });
});
