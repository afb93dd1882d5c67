import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import type { AccountRole } from '../../entities/account.ts';
import { launchChromium } from '../sim/parts/chromium.ts';
import type { TestConsole, TestSession } from './console.fixture.ts';

const OUT = join(import.meta.dirname, '../../out/console');
const AXE = fileURLToPath(import.meta.resolve('axe-core/axe.min.js'));
const DEADLINE_MS = 10_000;
const PICTURE_PX_MAX = 2_400;

/** How each page is looked at. */
export const looks = [
  { name: 'desktop', width: 1280, height: 900, colorScheme: 'light' },
  { name: 'desktop-dark', width: 1280, height: 900, colorScheme: 'dark' },
  { name: 'phone', width: 360, height: 740, colorScheme: 'light' },
  { name: 'phone-dark', width: 360, height: 740, colorScheme: 'dark' },
] as const;

export type Look = (typeof looks)[number];

export interface TestBrowser {
  /** What pages said on their consoles and must not: errors, exceptions, dialogs, breaches of the policy. */
  complaints: string[];
  /** A tab of somebody who is signed in; null for nobody. Its context ends with the browser. */
  open(as: AccountRole | TestSession | null, look?: Look, options?: BrowserContextOptions): Promise<Page>;
  /** Fails for what axe finds, what sticks out, a missing heading or language. Writes `out/console/NAME.png`. */
  inspect(page: Page, name: string): Promise<void>;
  /** Opens a page and inspects it in every look; `act` brings it to what is to be looked at. */
  inspectLooks(
    as: AccountRole | TestSession | null,
    path: string,
    name: string,
    act?: (page: Page) => Promise<void>,
  ): Promise<void>;
  close(): Promise<void>;
}

/** Runs in the page: what is wider than what it stands in; what scrolls by itself may be. */
const OVERHANGS = `[...document.querySelectorAll('main *')]
  .filter((element) => !element.closest('.scroll, svg, [hidden], .hidden'))
  .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map((element) => element.tagName + '.' + element.className)`;
const STRUCTURE = `[document.documentElement.lang, document.querySelectorAll('h1').length, document.querySelectorAll('main').length]`;
const AXE_RUN = `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'] })
  .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + ' ' + target + ': ' + failureSummary)))`;

/** Chromium before a console. Each page is watched; `expected` are errors that a test brings about, `switches` Chromium's own. */
export async function startBrowser(
  console: Pick<TestConsole, 'base' | 'session'>,
  expected: RegExp | null = null,
  switches: readonly string[] = [],
): Promise<TestBrowser> {
  const [chromium, axe] = await Promise.all([
    launchChromium(switches),
    readFile(AXE, 'utf8'),
    mkdir(OUT, { recursive: true }),
  ]);
  const contexts = new Set<BrowserContext>();
  const complaints: string[] = [];

  function watch(page: Page): void {
    const complain = (text: string): void => {
      if (!expected?.test(text)) complaints.push(`${page.url()}: ${text}`);
    };
    page.on('pageerror', (error) => complain(error.message));
    page.on('dialog', (dialog) => {
      complain(`dialog ${dialog.message()}`);
      dialog.dismiss().catch(() => {});
    });
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complain(message.text());
    });
  }

  async function open(
    as: AccountRole | TestSession | null,
    look: Look = looks[0],
    options: BrowserContextOptions = {},
  ): Promise<Page> {
    const context = await chromium.newContext({
      baseURL: console.base,
      viewport: { width: look.width, height: look.height },
      colorScheme: look.colorScheme,
      reducedMotion: 'reduce',
      ...options,
    });
    contexts.add(context);
    context.setDefaultTimeout(DEADLINE_MS);
    context.on('page', watch);
    const session = typeof as === 'string' ? await console.session(as) : as;
    const [name = '', value = ''] = session?.cookie.split('=') ?? [];
    if (session) await context.addCookies([{ name, value, url: console.base }]);
    return context.newPage();
  }

  async function inspect(page: Page, name: string): Promise<void> {
    await picture(page, name);
    await page.evaluate(axe);
    expect.soft(await page.evaluate(AXE_RUN), `axe on ${name}`).toEqual([]);
    expect.soft(await page.evaluate(OVERHANGS), `sticking out on ${name}`).toEqual([]);
    const width = await page.evaluate('document.documentElement.clientWidth');
    expect.soft(await page.evaluate('document.documentElement.scrollWidth'), `width of ${name}`).toBe(width);
    expect.soft(await page.evaluate(STRUCTURE), `structure of ${name}`).toEqual(['en', 1, 1]);
  }

  async function picture(page: Page, name: string): Promise<void> {
    const { width = 0 } = page.viewportSize() ?? {};
    const tall = Number(await page.evaluate('document.documentElement.scrollHeight'));
    const clip = { x: 0, y: 0, width, height: Math.min(tall, PICTURE_PX_MAX) };
    await page.screenshot({ path: join(OUT, `${name}.png`), fullPage: true, clip });
  }

  return {
    complaints,
    open,
    inspect,
    async inspectLooks(as, path, name, act) {
      const page = await open(as);
      await page.goto(path);
      await act?.(page);
      for (const { name: look, width, height, colorScheme } of looks) {
        await page.setViewportSize({ width, height });
        await page.emulateMedia({ colorScheme });
        await inspect(page, `${name}-${look}`);
      }
      await page.context().close();
    },
    async close() {
      await Promise.all([...contexts].map((context) => context.close()));
      await (chromium satisfies Browser).close();
    },
  };
}
