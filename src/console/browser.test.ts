import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CallLogEntity } from '../../entities/call-log.ts';
import { seed } from '../../entities/seed/index.ts';
import { ToolExecutionEntity } from '../../entities/tool-execution.ts';
import { TurnEntity } from '../../entities/turn.ts';
import { VoicemailEntity } from '../../entities/voicemail.ts';
import { lacksPart } from '../embedded/parts.ts';
import { startPglite, type DatabaseServer } from '../embedded/postgres.ts';
import { createServer, type Server } from '../http/server.ts';
import { openDatabase } from '../services/database.ts';
import { launchChromium } from '../sim/parts/chromium.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { consoleRoutes } from './routes.ts';

const TOKEN = 'a-token-of-many-characters';
const NOON = Date.parse('2026-11-18T12:00:00-05:00');

async function fill(source: DataSource): Promise<void> {
  await seed(source, NOON);
  const startedAt = new Date(NOON);
  await source.getRepository(CallLogEntity).insert({
    callSid: 'CA1',
    fromNumber: '<i>+12075550100</i>',
    status: 'COMPLETED',
    startedAt,
    answeredAt: startedAt,
    endedAt: new Date(NOON + 91_000),
    duration: 91,
    intents: ['hours'],
  });
  const turn = { callSid: 'CA1', epoch: 1, at: startedAt };
  await source.getRepository(TurnEntity).insert([
    { ...turn, seq: 1, itemId: 'i1', who: 'assistant', text: 'Hello there.', heardText: 'Hello there.' },
    { ...turn, seq: 2, itemId: 'i2', who: 'caller', text: '<img src=x onerror=alert(1)> your hours?' },
    {
      ...turn,
      seq: 3,
      itemId: 'i3',
      who: 'assistant',
      text: 'We are open until 18:00 today.',
      heardText: 'We are open',
      cut: true,
      at: new Date(NOON + 5_000),
    },
  ]);
  await source.getRepository(VoicemailEntity).insert({
    recordingSid: `RE${'1'.repeat(32)}`,
    callSid: 'CA1',
    fromNumber: '+12075550100',
    durationS: 12,
    audio: Buffer.from('RIFF'),
    contentType: 'audio/x-wav',
    status: 'new',
  });
  await source.getRepository(ToolExecutionEntity).insert({
    callSid: 'CA1',
    toolCallId: 't1',
    epoch: 1,
    name: 'get_store_hours',
    arguments: '{}',
    result: 'ok',
    output: 'until 18:00',
    startedAt: new Date(NOON + 1_000),
  });
}

/** Runs in the page: every text whose contrast to what is behind it is below 4.5 : 1. */
const CONTRASTS = `(() => {
  const channels = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const linear = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const luminance = ([red, green, blue]) =>
    0.2126 * linear(red / 255) + 0.7152 * linear(green / 255) + 0.0722 * linear(blue / 255);
  const behind = (element) => {
    if (!element) return [255, 255, 255];
    const color = channels(getComputedStyle(element).backgroundColor);
    return color[3] === 0 ? behind(element.parentElement) : color;
  };
  const low = [];
  for (const element of document.querySelectorAll('body *')) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.textContent.trim()).join('');
    if (!text) continue;
    const both = [luminance(channels(getComputedStyle(element).color)), luminance(behind(element))].sort((a, b) => a - b);
    const ratio = (both[1] + 0.05) / (both[0] + 0.05);
    if (ratio < 4.5) low.push(ratio.toFixed(2) + ' ' + text.slice(0, 40));
  }
  return low;
})()`;
/** Runs in the page: what is wider than the section that it stands in; tables scroll. */
const OVERHANGS = `[...document.querySelectorAll('section *:not(table, table *)')]
  .filter((element) => {
    const section = element.closest('section');
    const inside = section.getBoundingClientRect().right - parseFloat(getComputedStyle(section).paddingRight);
    return element.getBoundingClientRect().right > inside + 1;
  })
  .map((element) => element.tagName)`;
const STRUCTURE = `[document.documentElement.lang, document.querySelectorAll('h1').length, document.querySelectorAll('main').length]`;

describe.skipIf(await lacksPart('chromium'))('in Chromium', () => {
  let database: DatabaseServer;
  const silent = { audio: () => Promise.resolve(null), heard: () => Promise.resolve() };
  let source: DataSource;
  let server: Server;
  let chromium: Browser;
  let browser: BrowserContext;
  let base: string;
  const complaints: string[] = [];

  beforeAll(async () => {
    database = await startPglite();
    source = await openDatabase(database.url);
    await fill(source);
    const log = createLog('silent');
    const routes = consoleRoutes({ dataSource: source, recordings: silent, adminToken: TOKEN, now: () => NOON, log });
    server = await createServer({ host: '127.0.0.1', port: 0, routes, log, metrics: createMetrics() });
    base = `http://127.0.0.1:${server.port}`;
    chromium = await launchChromium();
    browser = await chromium.newContext();
    browser.on('page', watch);
  });

  function watch(page: Page): void {
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('dialog', (dialog) => complaints.push(dialog.message()));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text());
    });
  }

  afterAll(async () => {
    await chromium.close();
    await server.close();
    await source.destroy();
    await database.stop();
  });

  test('from the closed door through the form to a call and out again', async () => {
    const page = await browser.newPage();
    expect((await page.goto(`${base}/admin/knowledge-base`))?.status()).toBe(401);
    await page.getByLabel('Admin token').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('That is not the token.');
    await page.getByLabel('Admin token').fill(TOKEN);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${base}/admin/knowledge-base`);
    expect(await page.getByRole('heading', { level: 2 }).allTextContents()).toEqual([
      'Visiting',
      'Dogs',
      'Ordering',
      'Diet and allergies',
      'Beans and brewing',
      'Subscriptions and gifts',
      'About us',
    ]);
    expect(await page.getByRole('article').count()).toBe(30);

    await page.getByRole('link', { name: 'Dashboard' }).click();
    await page.waitForURL(`${base}/admin/dashboard`);
    expect(await page.locator('#calls-today').textContent()).toBe('1');
    expect(await page.locator('#by-intent').innerText()).toMatch(/hours\s+1/);
    const row = page.getByRole('row').nth(1);
    expect(await row.getByRole('cell').allInnerTexts()).toEqual([
      'Nov 18, 12:00 PM',
      '<i>+12075550100</i>',
      'COMPLETED',
      '1:31',
      'hours',
    ]);
    await row.getByRole('link').click();

    const said = await page
      .locator('#transcript > li')
      .evaluateAll((items) => items.map((item) => item.textContent?.replace(/\s+/g, ' ').trim()));
    expect(said).toEqual([
      'Assistant 12:00:00 PM Hello there.',
      'Caller 12:00:00 PM <img src=x onerror=alert(1)> your hours?',
      'get_store_hours ok 12:00:01 PM Asked{} Answereduntil 18:00',
      'Assistant 12:00:05 PM We are open – interrupted here What was to be saidWe are open until 18:00 today.',
    ]);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(`${base}/admin/login`);
    expect((await page.goto(`${base}/admin/dashboard`))?.status()).toBe(401);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
    ['dark', 360],
  ] as const)('%s, %i pixels wide: styled, readable, nothing sticks out', async (colorScheme, width) => {
    const page = await browser.newPage();
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme });
    await page.setExtraHTTPHeaders({ authorization: `Bearer ${TOKEN}` });
    for (const path of ['dashboard', 'knowledge-base', 'calls/CA1', 'none']) {
      await page.goto(`${base}/admin/${path}`);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      expect(await page.evaluate(OVERHANGS)).toEqual([]);
      expect(await page.evaluate(CONTRASTS)).toEqual([]);
      expect(await page.evaluate(STRUCTURE)).toEqual(['en', 1, 1]);
    }
    const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(ground).toBe(colorScheme === 'light' ? 'rgb(247, 243, 238)' : 'rgb(23, 19, 16)');
    await page.close();
  });
});
