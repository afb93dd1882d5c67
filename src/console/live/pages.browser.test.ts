import { readFile } from 'node:fs/promises';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seed } from '../../../entities/seed/index.ts';
import { CallLogEntity, type CallLog } from '../../../entities/call-log.ts';
import { lacksPart } from '../../embedded/parts.ts';
import { startBrowser, type TestBrowser } from '../browser.fixture.ts';
import { startConsole, type TestConsole } from '../console.fixture.ts';
import { PRICES_DEFAULT } from '../../config-checks.ts';
import { toldByJournal } from '../../replay/told.ts';
import { createLog } from '../../telemetry/log.ts';
import { connectRedis, type RedisLink } from '../../directory/redis.ts';
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
  let closeLink: () => Promise<unknown>;

  beforeAll(async () => {
    let link: RedisLink | null = null;
    const log = createLog('silent');
    const score = async (callSid: string) => {
      link ??= await connectRedis(console.redis.url);
      return toldByJournal(link, callSid, log);
    };
    closeLink = async () => link?.close();
    const told = { score, prices: PRICES_DEFAULT, traceUrl: 'https://traces.example/{trace}' };
    console = await startConsole({ told }, fill);
    browser = await startBrowser(console);
    driver = new LiveDriver(console.link);
  });
  afterAll(async () => {
    await browser.close();
    await closeLink();
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

  test('a call is followed while it goes on: what is said, what tools did, what was not heard', async () => {
    const callSid = await driver.arrive('+12075550166');
    await driver.connect(callSid);
    await driver.aidaSays(callSid, 'Mangy Dog Coffee, how can I help you?');
    const page = await browser.open('viewer');
    await page.goto(`/admin/calls/${callSid}`);
    expect(await page.locator('#transcript').innerText()).toContain('how can I help you?');
    await driver.callerSays(callSid, '<script>alert(1)</script> when do you close?');
    await expect.poll(() => page.locator('#transcript').innerText()).toContain('<script>alert(1)</script> when do you');
    const asked = { toolCallId: 't1', responseId: 'r1', name: 'get_store_hours', arguments: '{"day":"today"}' };
    await driver.tell(callSid, '', { type: 'tool.asked', at: Date.now(), ...asked });
    await expect.poll(() => page.locator('.line.tool').innerText()).toMatch(/get_store_hours\s+running/);
    const answered = { toolCallId: 't1', result: 'ok', output: 'until 18:00', durationMs: 40, leave: null } as const;
    await driver.tell(callSid, '', { type: 'tool.answered', at: Date.now(), ...answered });
    await expect.poll(() => page.locator('.line.tool').innerText()).toMatch(/get_store_hours\s+ok/);
    await page.locator('.line.tool summary').click();
    await driver.aidaSays(callSid, 'We are open until six tonight, and from seven tomorrow.', 'We are open until six');
    await expect.poll(() => page.locator('#transcript').innerText()).toContain('interrupted here');
    expect(await page.locator('.line.tool dl').isVisible()).toBe(true);
    expect(await page.locator('.piece-unheard').count()).toBe(1 + 1);
    await page.getByRole('button', { name: 'Play' }).click();
    await page.getByLabel('Pace').selectOption('8');
    await expect.poll(() => page.locator('#played').textContent()).not.toBe('0:00');
    await driver.end(callSid);
    await expect.poll(() => page.locator('.call-head').innerText()).toContain('COMPLETED');
    expect(browser.complaints).toEqual([]);
    await page.context().close();
    await browser.inspectLooks('viewer', `/admin/calls/${callSid}`, 'call');
    expect(browser.complaints).toEqual([]);
  });

  test('the list of calls: looked for, turned, taken along', async () => {
    const page = await browser.open('supervisor');
    await page.goto('/admin/calls');
    await expect.poll(() => page.locator('#calls tbody tr').count()).toBe(50);
    await page.getByRole('link', { name: 'Older' }).click();
    await expect.poll(() => page.locator('#calls tbody tr').count()).toBe(20);
    await page.getByLabel('Number').fill('1007');
    await page.getByRole('button', { name: 'Show' }).click();
    await expect.poll(() => page.locator('#calls tbody tr').count()).toBe(1);
    await page.getByLabel('Number').fill('1');
    await page.getByRole('button', { name: 'Show' }).click();
    await expect.poll(() => page.getByText('At least 3 digits of it.').count()).toBe(1);
    expect(await page.getByLabel('Number').inputValue()).toBe('1');
    await page.getByLabel('Number').fill('');
    await page.getByLabel('Outcome').selectOption('voicemail');
    await page.getByRole('button', { name: 'Show' }).click();
    await expect.poll(() => page.url()).toContain('outcome=voicemail');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'As CSV' }).click(),
    ]);
    const csv = await readFile(await download.path(), 'utf8');
    expect(csv.split('\r\n')).toHaveLength((await page.locator('#calls tbody tr').count()) + 2);
    expect(csv).toMatch(/^\uFEFFcall,started,/);
    await page.context().close();
    await browser.inspectLooks('supervisor', '/admin/calls', 'calls');
    expect(browser.complaints.filter((each) => !each.includes('422'))).toEqual([]);
  });
});
