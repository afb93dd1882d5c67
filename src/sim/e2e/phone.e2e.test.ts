import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CallLogEntity, type CallLog } from '../../../entities/call-log.ts';
import { lacksPart } from '../../embedded/parts.ts';
import { openDatabase } from '../../services/database.ts';
import { createPhoneCheck } from '../../telemetry/synthetic-sid.ts';
import { launchChromium } from '../parts/chromium.ts';
import { type Stack, startStack } from '../stack.ts';

const OUT = join(import.meta.dirname, '../../../out/console');
const MICROPHONE = ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'];

describe.skipIf(await lacksPart('chromium'))('a browser before a whole node', () => {
  let stack: Stack;
  let chromium: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    await mkdir(OUT, { recursive: true });
    const started = startStack({ env: { PHONE: 'on' }, model: { charsPerSecond: 48 }, speech: true });
    const launched = launchChromium(MICROPHONE);
    [stack, chromium] = await Promise.all([started, launched]);
    page = await (await chromium.newContext()).newPage();
    page.setDefaultTimeout(10_000);
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      // The page that asks who it is comes with it.
      const isSignIn = message.text().includes('401');
      if (['error', 'warning'].includes(message.type()) && !isSignIn) complaints.push(message.text());
    });
  }, 120_000);
  afterAll(async () => {
    await chromium.close();
    await stack.stop();
  });

  const log = (kind: string) => page.locator(`#log .${kind}`);

  test('somebody signs in, calls, types, is answered, and hangs up; the call stands among the others', async () => {
    await page.goto(`http://127.0.0.1:${stack.node.opsPort}/phone`);
    await page.getByLabel('Name').fill('admin');
    await page.getByLabel('Password').fill(stack.adminToken);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL('**/phone');

    await page.getByRole('button', { name: 'Call', exact: true }).click();
    // What Chromium's own device beeps is nobody's turn.
    await page.getByRole('button', { name: 'Mute' }).click();
    await expect.poll(() => log('assistant').first().textContent()).toContain('Mangy Dog Coffee');
    await page.getByLabel('Say it by typing').fill('How much is an oat milk latte?');
    await page.getByRole('button', { name: 'Say', exact: true }).click();
    await expect.poll(() => log('caller').allTextContents()).toEqual(['YouHow much is an oat milk latte?']);
    await expect.poll(() => log('assistant').last().textContent()).toMatch(/oat milk latte/i);
    await expect.poll(() => page.locator('#turns li').count()).toBeGreaterThan(0);
    await page.screenshot({ path: join(OUT, 'phone-conversation.png') });
    await page.getByRole('button', { name: 'Hang up' }).click();
    await expect.poll(() => page.locator('#state').textContent()).toBe('You have hung up.');

    expect(complaints).toEqual([]);
    expect(stack.model?.complaints).toEqual([]);
    const row = await rowOf(stack);
    const isPhone = createPhoneCheck([stack.env['TWILIO_AUTH_TOKEN'] ?? '']);
    expect([row.fromNumber, row.status, isPhone(row.callSid)]).toEqual(['client:phone.admin', 'COMPLETED', true]);
  });
});

/** The call's row once it is finished. */
async function rowOf(stack: Stack): Promise<CallLog> {
  const source = await openDatabase(stack.database.url, { poolMax: 1 });
  try {
    const rows = source.getRepository(CallLogEntity);
    await expect.poll(async () => (await rows.find()).map(({ processedAt }) => processedAt !== null)).toEqual([true]);
    const [row] = await rows.find();
    if (!row) throw new Error('there is no row');
    return row;
  } finally {
    await source.destroy();
  }
}
