import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seed } from '../../../entities/seed/index.ts';
import { CallLogEntity, type CallLog } from '../../../entities/call-log.ts';
import { lacksPart } from '../../embedded/parts.ts';
import { startBrowser, type TestBrowser } from '../browser.fixture.ts';
import { startConsole, type TestConsole } from '../console.fixture.ts';
import { LiveDriver } from './live-driver.fixture.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function endedCall(index: number, startedAt: number): Partial<CallLog> & { callSid: string } {
  const start = new Date(startedAt);
  const intents = [['hours'], ['menu', 'order'], ['promotion'], ['complaint']][index % 4] ?? [];
  return {
    callSid: `CA${String(index).padStart(32, '0')}`,
    fromNumber: `+1207555${String(1_000 + index)}`,
    toNumber: '+12075550100',
    status: index % 9 === 0 ? 'NO-ANSWER' : 'COMPLETED',
    startedAt: start,
    answeredAt: index % 9 === 0 ? null : start,
    endedAt: new Date(startedAt + 60_000 + index * 1_000),
    duration: 60 + index,
    outcome: ['answered', 'transferred', 'voicemail', 'abandoned'][index % 4] ?? null,
    intents,
  };
}

async function fill(source: DataSource): Promise<void> {
  const now = Date.now();
  await seed(source, now);
  const calls = Array.from({ length: 40 }, (_, index) => endedCall(index, now - index * 7 * 60_000));
  const before = Array.from({ length: 30 }, (_, index) =>
    endedCall(100 + index, now - 7 * DAY_MS - index * 9 * 60_000),
  );
  const rows = [...calls, ...before];
  await source.getRepository(CallLogEntity).insert(rows);
  await source.query(
    `INSERT INTO figure_minute (minute, local_minute, calls, answered, waiting, cost_micros)
     SELECT date_trunc('minute', started_at), to_char(date_trunc('minute', started_at) AT TIME ZONE 'America/New_York', 'YYYY-MM-DD"T"HH24:MI'),
       1, 1, 2, 41000 FROM call_log ON CONFLICT (minute) DO UPDATE SET calls = figure_minute.calls + 1`,
  );
}

describe.skipIf(await lacksPart('chromium'))('in Chromium', () => {
  let console: TestConsole;
  let browser: TestBrowser;
  let driver: LiveDriver;

  beforeAll(async () => {
    console = await startConsole({}, fill);
    browser = await startBrowser(console);
    driver = new LiveDriver(console.link);
  });
  afterAll(async () => {
    await browser.close();
    await console.close();
  });

  test('the dashboard lives: calls come, talk, change hands and go, without the page being asked for again', async () => {
    const waiting = await driver.arrive('+12075550177', true);
    const page = await browser.open('viewer');
    await page.goto('/admin/dashboard');
    const rows = page.locator('#live-list > li');
    await expect.poll(() => rows.count()).toBe(1);
    expect(await rows.first().innerText()).toMatch(/••• 0177[\s\S]*Waiting room/);

    const callSid = await driver.arrive('+12075550142');
    await driver.connect(callSid);
    const row = page.locator(`#c-${callSid}`);
    await driver.callerSays(callSid, '<img src=x onerror=alert(1)> do you have oat milk?');
    await expect.poll(() => row.locator('.live-words').textContent()).toContain('<img src=x onerror=alert(1)> do you');
    expect(await row.locator('img').count()).toBe(0);
    await driver.callerSays(callSid, 'That is unacceptable, I want to complain');
    await expect.poll(() => row.locator('.live-mood').innerText()).toContain('Upset');
    await expect.poll(() => page.locator('#live-sum').innerText()).toMatch(/2 live · 1 with Aida · 1 waiting/);
    expect(await page.locator('#live-list').textContent()).not.toContain('2075550142');

    await page.getByRole('button', { name: 'Waiting', exact: true }).click();
    expect(await rows.evaluateAll((all) => all.filter((one) => one.checkVisibility()).map(({ id }) => id))).toEqual([
      `c-${waiting}`,
    ]);
    await page.getByRole('button', { name: 'All', exact: true }).click();
    await page.getByPlaceholder('Words, node').fill('complain');
    expect(await rows.evaluateAll((all) => all.filter((one) => one.checkVisibility()).map(({ id }) => id))).toEqual([
      `c-${callSid}`,
    ]);
    await page.getByPlaceholder('Words, node').fill('');

    await driver.end(callSid);
    await expect.poll(() => rows.count()).toBe(1);
    await driver.end(waiting);
    await expect.poll(() => page.locator('#live-none').innerText()).toBe('Nobody is on the line.');
    expect(browser.complaints).toEqual([]);
    await page.context().close();
  });

  test('the dashboard in every look', async () => {
    const sids: string[] = [];
    const words = [
      'When do you open on Sunday?',
      'A large oat latte, please',
      'This is terrible, the worst service',
      'Thanks, that was great',
      'Do you have decaf?',
    ];
    for (const [index, text] of words.entries()) {
      const callSid = await driver.arrive(`+1207555${1_200 + index}`);
      sids.push(callSid);
      await driver.connect(callSid);
      await driver.callerSays(callSid, text);
      if (index % 2 === 1) await driver.aidaSays(callSid, 'Of course. Anything else that I can help you with today?');
    }
    sids.push(await driver.arrive('+12075559999', true));
    await browser.inspectLooks('viewer', '/admin/dashboard', 'dashboard', async (page) => {
      await expect.poll(() => page.locator('#live-list > li').count()).toBe(sids.length);
    });
    for (const callSid of sids) await driver.end(callSid);
    expect(browser.complaints).toEqual([]);
  });
});
