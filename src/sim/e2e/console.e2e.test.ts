import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBrowser, type TestBrowser } from '../../console/browser.fixture.ts';
import { lacksPart } from '../../embedded/parts.ts';
import { Caller } from './caller.fixture.ts';
import { startWorld, type World } from './world.fixture.ts';

const GREETING = 'Thanks for calling Mangy Dog Coffee! How can I help you today?';
const ASKED = 'How much is an oat milk latte?';
const lacks = (await lacksPart('chromium')) || (await lacksPart('postgres'));

describe.skipIf(lacks)('a shift lead at the console, with calls going on at a real node', () => {
  let world: World;
  let browser: TestBrowser;
  let page: Page;

  beforeAll(async () => {
    world = await startWorld({ database: 'postgres' });
    const base = `http://127.0.0.1:${world.node.opsPort}`;
    const session = () => Promise.reject(new Error('whoever works here signs in'));
    // Who listens when the call ends asks once more, and is told.
    browser = await startBrowser({ base, session }, /status of 409/, ['--autoplay-policy=no-user-gesture-required']);
    page = await browser.open(null);
    await page.goto('/admin/login');
    await page.getByLabel('Name').fill('admin');
    await page.getByLabel('Password').fill(world.adminToken);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL('**/admin/dashboard');
  });
  afterAll(async () => {
    await browser.close();
    await world.stop();
    expect([...browser.complaints, ...world.complaints()]).toEqual([]);
  });

  test('sees it come and talk, follows it, listens, whispers, ends it, and finds it among all calls', async () => {
    const caller = new Caller(world, '+12075550755');
    const { sid } = caller.call;
    const row = page.locator(`#c-${sid}`);
    await expect.poll(() => row.innerText()).toMatch(/0755[\s\S]*With Aida/);
    await caller.hear(GREETING);
    await caller.heardOut();
    await expect.poll(() => row.locator('.live-words').innerText()).toContain('How can I help you');

    await row.getByRole('link').first().click();
    await page.waitForURL(`**/admin/calls/${sid}`);
    await page.getByRole('button', { name: 'Listen', exact: true }).click();
    await expect.poll(() => page.locator('#listen-words').innerText()).toBe('You hear both sides. Neither hears you.');
    await page.getByLabel('Whisper to Aida').fill('Offer two bags of beans for the price of one.');
    await page.getByRole('button', { name: 'Whisper' }).click();
    await expect.poll(() => page.locator('.deeds').innerText()).toContain('Offer two bags of beans');
    await caller.say(ASKED);
    await caller.hear('two bags of beans for the price of one');
    await caller.heardOut();
    const transcript = page.locator('#transcript');
    await expect.poll(() => transcript.innerText()).toContain(ASKED);
    await expect.poll(() => transcript.innerText()).toContain('5.25');
    const heard = (side: string) => page.locator('#listen').getAttribute(`data-${side}`).then(Number);
    await expect.poll(() => heard('caller')).toBeGreaterThan(0);
    await expect.poll(() => heard('assistant')).toBeGreaterThan(0);

    await page.getByRole('button', { name: 'End the call' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'End the call' }).click();
    await caller.hungUpOn();
    await expect.poll(() => page.locator('#listen').getAttribute('data-state')).toBe('ended');
    await page.goto('/admin/calls');
    await expect.poll(() => page.locator(`a[href$="${sid}"]`).count()).toBeGreaterThan(0);
    await page.goto('/admin/audit');
    const audit = await page.locator('main').innerText();
    for (const action of ['call.listened', 'call.whispered', 'call.hungUp']) expect(audit).toContain(action);
  });
});
