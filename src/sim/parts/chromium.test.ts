import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacksPart } from '../../embedded/parts.ts';
import { launchChromium } from './chromium.ts';

describe.skipIf(await lacksPart('chromium'))('chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  test('runs scripts and has a font to draw letters with', async () => {
    const page = await browser.newPage();
    await page.setContent('<p><span>iiii</span> <b>WWWW</b></p><script>document.title = `Mangy ${"Dog"}`</script>');
    const [narrow, wide] = await Promise.all(
      ['span', 'b'].map(async (tag) => (await page.locator(tag).boundingBox())?.width),
    );
    expect(await page.title()).toBe('Mangy Dog');
    expect(narrow).toBeGreaterThan(0);
    expect(wide).toBeGreaterThan(Number(narrow) * 1.5);
  });
});
