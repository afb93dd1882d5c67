import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PromotionEntity } from '../../../entities/promotion.ts';
import { VoicemailEntity } from '../../../entities/voicemail.ts';
import { noteConsoleChange } from '../../directory/console-changes.ts';
import { readNodeOrder } from '../../directory/node-desk.ts';
import { readSwitches } from '../../directory/switches.ts';
import { lacksPart } from '../../embedded/parts.ts';
import { looks, startBrowser, type TestBrowser } from '../browser.fixture.ts';
import { startConsole, type TestConsole } from '../console.fixture.ts';
import { aliveNode, fillDesk, HOSTILE, NOON, recordingSid, SILENCE } from './desk.fixture.ts';

describe.skipIf(await lacksPart('chromium'))('the desk, in Chromium', () => {
  let console: TestConsole;
  let browser: TestBrowser;
  let promotion: number;
  const begunAt = Date.now();

  beforeAll(async () => {
    const sound = { audio: SILENCE, contentType: 'audio/x-wav' };
    const recordings = { audio: () => Promise.resolve(sound), heard: () => Promise.resolve() };
    console = await startConsole(
      { now: () => NOON + Date.now() - begunAt, recordings, toolNames: ['get_menu'] },
      fillDesk,
    );
    const [first] = await console.source.getRepository(PromotionEntity).find({ order: { startsLocal: 'ASC' } });
    promotion = first?.id ?? 0;
    browser = await startBrowser(console, /status of 4(?:09|22)/);
  });
  afterAll(async () => {
    await browser.close();
    await console.close();
    expect(browser.complaints).toEqual([]);
  });
  beforeEach(async () => {
    await aliveNode(console.link, 'node-1', { held: 12, reserved: 1 });
    await aliveNode(console.link, 'node-2', { held: 7, reason: 'loop', capacity: 7 });
  });

  test.each([
    ['voicemail', '/admin/voicemail'],
    ['message', `/admin/voicemail/${recordingSid(1)}`],
    ['callbacks', '/admin/callbacks'],
    ['questions', '/admin/questions'],
    ['promotions', '/admin/promotions'],
    ['promotion', '/admin/promotions/ID'],
    ['promotion-form', '/admin/promotions/new'],
    ['ops', '/admin/ops'],
    ['switch', '/admin/ops/switch?name=admission&value=off'],
    ['node', '/admin/ops/nodes/node-2'],
  ])('%s, on a desk and on a phone', async (name, path) => {
    for (const look of [looks[0], looks[3]]) {
      const page = await browser.open('admin', look);
      const answer = await page.goto(path.replace('ID', String(promotion)));
      expect(answer?.status()).toBe(200);
      await browser.inspect(page, `desk-${name}-${look.name}`);
      await page.context().close();
    }
  });

  test('a message that comes in shows in the number beside its way, and in the list, by itself', async () => {
    const page = await browser.open('supervisor');
    await page.goto('/admin/voicemail');
    const badge = page.locator('#badge-voicemails');
    await badge.filter({ hasText: '4' }).waitFor();
    expect(await page.locator('.slip').first().textContent()).toContain(HOSTILE);
    const left = { recordingSid: recordingSid(9), callSid: 'CA9', fromNumber: '+12075550109', topic: 'a live one' };
    await console.source.getRepository(VoicemailEntity).insert({ ...left, status: 'new', createdAt: new Date(NOON) });
    await noteConsoleChange(console.link, 'voicemails');
    await noteConsoleChange(console.link, 'voicemail-list');
    await badge.filter({ hasText: '5' }).waitFor();
    await page.getByText('a live one').waitFor();
    await page.locator('.slip', { hasText: 'a live one' }).getByRole('button', { name: 'Done' }).click();
    await page.locator('.flash').filter({ hasText: 'Done.' }).waitFor();
    await badge.filter({ hasText: '4' }).waitFor();
  });

  test('what is typed of a promotion is shown at once as callers will hear it', async () => {
    const page = await browser.open('supervisor');
    await page.goto('/admin/promotions/new');
    await page.getByLabel('Name').fill('Scone <b>Sunday</b>');
    await page.getByLabel('Offer').fill('Two scones for one');
    await page.locator('#preview', { hasText: 'Scone <b>Sunday</b>' }).waitFor();
    expect(await page.locator('#preview').textContent()).toContain('Two scones for one.');
    await page.getByRole('button', { name: 'Save' }).click();
    // The seeded promotion runs at the same time.
    await page.getByText('callers would be told of').waitFor();
    await browser.inspect(page, 'desk-promotion-doubt');
    await page.getByLabel('It is meant so').check();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('is planned').waitFor();
  });

  test('a switch asks first, and what is set stands on every page of operations at once', async () => {
    const watcher = await browser.open('viewer');
    await watcher.goto('/admin/ops');
    const page = await browser.open('admin');
    await page.goto('/admin/ops');
    await page.getByRole('button', { name: 'Take no new calls …' }).click();
    await page.getByText('we cannot take your call right now').waitFor();
    await page.getByLabel('Why').fill('wrong prices are told');
    await page.getByRole('button', { name: 'Take no new calls' }).click();
    await page.locator('.flash').waitFor();
    expect(Object.keys(await readSwitches(console.link))).toEqual(['admission']);
    await watcher.getByText('No new calls are taken').waitFor();
    await browser.inspect(page, 'desk-ops-switched');
  });

  test('a node is told to leave after a question, and is watched until it has left', async () => {
    const page = await browser.open('admin');
    await page.goto('/admin/ops/nodes/node-2');
    await page.getByLabel('Why').fill('new release');
    await page.getByRole('button', { name: 'Drain node-2' }).click();
    await page.getByRole('button', { name: 'Drain it' }).click();
    await page.locator('.flash').waitFor();
    const self = { node: 'node-2', incarnation: 'node-2-1' };
    expect(await readNodeOrder(console.link, self)).toEqual({ kind: 'drain', urgent: false });
    const drain = { stage: 'leaving', calls: 3, expected: 0, handedOver: 4, finishInMs: 0 } as const;
    await aliveNode(console.link, 'node-2', { held: 3, capacity: 0, reason: 'draining', drain });
    await page.getByText('3 calls here, 0 on their way, 4 handed over').waitFor();
    await browser.inspect(page, 'desk-drain');
  });
});
