import { expect, test } from 'vitest';
import { metricsPage } from './metrics-page.ts';

test('the page lists what the table holds', async () => {
  await expect(metricsPage()).toMatchFileSnapshot('../../docs/metrics.md');
});
