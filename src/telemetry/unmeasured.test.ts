import { expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';
import { unmeasured } from './unmeasured.ts';

test('what is told counts nothing, per frame and otherwise', async () => {
  const metrics = unmeasured(createMetrics());
  const before = await metrics.scrape();
  metrics.callsEnded.inc({ outcome: 'answered' });
  metrics.frames.from_caller.add(7);
  metrics.spliceSeconds.to_caller.observe(0.001);
  metrics.silenceSeconds.observe(1, 'a'.repeat(32));
  metrics.callsLive.set({ state: 'conversation' }, 3);
  metrics.onScrape(() => metrics.callsLive.set({ state: 'menu' }, 1));
  expect(await metrics.scrape()).toBe(before);
  const counting = createMetrics();
  counting.frames.from_caller.add(7);
  expect(await counting.scrape()).not.toBe(before);
});
