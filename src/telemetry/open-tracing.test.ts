import { expect, test } from 'vitest';
import { createLog } from './log.ts';
import { createMetrics } from './metrics.ts';
import { openTracing } from './open-tracing.ts';
import { startOtlpReceiver } from './otlp-receiver.fixture.ts';
import { newSpanId, traceOf } from './trace-ids.ts';
import { noTracing } from './tracing.ts';

const deps = () => ({ log: createLog('silent'), metrics: createMetrics() });
const traces = { endpoint: 'http://127.0.0.1:1', headers: {}, ratio: 0 };

test('without a collector, or with a share of none, no call is traced and nothing is made for it', async () => {
  expect(await openTracing({ nodeId: 'n1', traces: null }, deps())).toBe(noTracing);
  expect(await openTracing({ nodeId: 'n1', traces }, deps())).toBe(noTracing);
  expect(noTracing.root('CA1')).toBeNull();
});

test('with a share, calls outside of it leave nothing and calls inside are counted as they are sent', async () => {
  const collector = await startOtlpReceiver();
  const { log, metrics } = deps();
  const tracing = await openTracing(
    { nodeId: 'n1', traces: { endpoint: collector.url, headers: {}, ratio: 0.5 } },
    { log, metrics },
  );
  const sids = Array.from({ length: 40 }, (_, index) => `CA${index}`);
  for (const callSid of sids) {
    const root = tracing.root(callSid);
    if (root)
      tracing.add({
        name: 'turn',
        place: { ...root, spanId: newSpanId() },
        parentId: root.spanId,
        startMs: 1e12,
        endMs: 1e12 + 1,
        attributes: {},
      });
  }
  await tracing.close();
  const kept = sids.filter((callSid) => collector.of(traceOf(callSid).traceId).length === 1);
  expect(collector.spans).toHaveLength(kept.length);
  expect(kept.length).toBeGreaterThan(5);
  expect(kept.length).toBeLessThan(35);
  expect(await metrics.scrape()).toContain(`aida_spans_total{result="exported"} ${kept.length}`);
  expect(collector.complaints).toEqual([]);
  await collector.close();
});
