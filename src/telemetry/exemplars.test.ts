import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { HotHistogram } from './hot-histogram.ts';
import { traceOf } from './trace-ids.ts';

const slow = traceOf('CA1').traceId;
const slower = traceOf('CA2').traceId;

function openMetrics() {
  const registry = new Registry();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as unknown as typeof Registry.PROMETHEUS_CONTENT_TYPE);
  const histogram = new HotHistogram({ name: 'aida_wait_seconds', help: 'A wait', buckets: [0.5, 2], registry });
  const buckets = async () =>
    (await registry.metrics()).split('\n').filter((line) => line.startsWith('aida_wait_seconds_bucket'));
  return { histogram, buckets };
}

test('a bucket names the trace of what fell into it last', async () => {
  const { histogram, buckets } = openMetrics();
  histogram.observe(0.1);
  histogram.observe(1, slower);
  histogram.observe(1.5, slow);
  histogram.observe(1.2, null);
  histogram.observe(9, slower);
  const stamp = String.raw`\d+(\.\d+)?`;
  expect(await buckets()).toEqual([
    'aida_wait_seconds_bucket{le="0.5"} 1',
    expect.stringMatching(
      new RegExp(`^aida_wait_seconds_bucket\\{le="2"\\} 4 # \\{trace_id="${slow}"\\} 1\\.5 ${stamp}$`),
    ),
    expect.stringMatching(
      new RegExp(`^aida_wait_seconds_bucket\\{le="\\+Inf"\\} 5 # \\{trace_id="${slower}"\\} 9 ${stamp}$`),
    ),
  ]);
});

test('its time is in seconds, and now', async () => {
  const { histogram, buckets } = openMetrics();
  const before = Date.now() / 1_000;
  histogram.observe(1, slow);
  const stamp = Number((await buckets())[1]?.split(' ').at(-1));
  expect(stamp).toBeGreaterThanOrEqual(Math.floor(before));
  expect(stamp).toBeLessThanOrEqual(Date.now() / 1_000);
});
