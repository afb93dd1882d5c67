import { afterEach, beforeEach, expect, test } from 'vitest';
import { type OtlpReceiver, startOtlpReceiver } from './otlp-receiver.fixture.ts';
import { startTraceExport, type TraceExportOptions } from './trace-export.ts';
import { newSpanId, traceOf } from './trace-ids.ts';
import type { SpanRecord, Tracing } from './tracing.ts';

const CALLS = 400;

let collector: OtlpReceiver;
let counts: Record<string, number>;
let said: string[];
let tracing: Tracing;

beforeEach(async () => {
  collector = await startOtlpReceiver();
  counts = { exported: 0, dropped: 0, failed: 0 };
  said = [];
});

afterEach(async () => {
  await tracing.close();
  await collector.close();
});

function start(over: Partial<TraceExportOptions> = {}): Tracing {
  const note = (first: unknown, message = String(first)) => void said.push(message);
  tracing = startTraceExport({
    endpoint: collector.url,
    headers: { 'x-key': 'k' },
    ratio: 1,
    node: 'node-1',
    version: '1.2.3',
    log: { warn: note, info: note },
    count: (result, spans) => (counts[result] = (counts[result] ?? 0) + spans),
    limits: { delayMs: 5, sendTimeoutMs: 300, closeMs: 500 },
    ...over,
  });
  return tracing;
}

function call(callSid: string, change: Partial<SpanRecord> = {}): SpanRecord {
  const place = { ...traceOf(callSid), callSid };
  const times = { startMs: 1_763_860_000_000.25, endMs: 1_763_860_001_000 };
  return { name: 'call', place, parentId: null, ...times, attributes: {}, ...change };
}

test('a span arrives with the ids, times and attributes that it was told with', async () => {
  start();
  const root = { ...traceOf('CA1'), callSid: 'CA1' };
  const turn = { ...root, spanId: newSpanId() };
  tracing.add(call('CA1', { attributes: { 'aida.outcome': 'answered', 'aida.turns': 2, 'aida.takeover': true } }));
  const slow = { 'aida.silence_ms': 2_500 };
  tracing.add(
    call('CA1', { name: 'turn', place: turn, parentId: root.spanId, attributes: slow, links: [root], error: 'late' }),
  );
  await tracing.flush();
  const resource = { 'service.name': 'aida', 'service.version': '1.2.3', 'service.instance.id': 'node-1' };
  expect(collector.complaints).toEqual([]);
  expect(collector.spans).toEqual([
    {
      traceId: root.traceId,
      spanId: root.spanId,
      parentSpanId: '',
      name: 'call',
      kind: 1,
      startMs: expect.closeTo(1_763_860_000_000.25, 2),
      endMs: 1_763_860_001_000,
      attributes: { 'aida.call_sid': 'CA1', 'aida.outcome': 'answered', 'aida.turns': 2, 'aida.takeover': true },
      links: [],
      status: 0,
      resource,
    },
    expect.objectContaining({
      spanId: turn.spanId,
      parentSpanId: root.spanId,
      attributes: { 'aida.call_sid': 'CA1', 'aida.silence_ms': 2_500, 'error.type': 'late' },
      links: [{ traceId: root.traceId, spanId: root.spanId }],
      status: 2,
    }),
  ]);
  expect(collector.headers['x-key']).toBe('k');
  expect(collector.faultsOf(root.traceId)).toEqual([]);
  expect(counts).toEqual({ exported: 2, dropped: 0, failed: 0 });
});

test('a share of the calls is traced, the same calls whoever is asked', () => {
  const sids = Array.from({ length: CALLS }, (_, index) => `CA${index}`);
  const kept = (ratio: number) => {
    start({ ratio });
    return new Set(sids.filter((callSid) => tracing.root(callSid) !== null));
  };
  const few = kept(0.1);
  const more = kept(0.5);
  expect(few.size / CALLS).toBeGreaterThan(0.04);
  expect(few.size / CALLS).toBeLessThan(0.16);
  expect(more.size / CALLS).toBeGreaterThan(0.4);
  expect([...few].filter((callSid) => !more.has(callSid))).toEqual([]);
  expect(kept(0).size).toBe(0);
  expect(kept(1).size).toBe(CALLS);
});

test('what another node keeps is kept here too, below its span', async () => {
  start({ ratio: 0 });
  expect(tracing.root('CA1')).toBeNull();
  const writer = traceOf('CA1');
  const place = { callSid: 'CA1', traceId: writer.traceId, spanId: newSpanId() };
  tracing.add(call('CA1', { name: 'message warm', place, parentId: writer.spanId }));
  await tracing.flush();
  expect(collector.spans).toMatchObject([{ name: 'message warm', parentSpanId: writer.spanId }]);
});

test('a collector that is away costs its spans and nothing else: counted, and complained of once', async () => {
  start();
  collector.status = 400;
  for (let index = 0; index < 3; index += 1) {
    tracing.add(call(`CA${index}`));
    await tracing.flush();
  }
  expect(counts).toEqual({ exported: 0, dropped: 0, failed: 3 });
  expect(said).toEqual(['spans could not be sent to the collector']);
  collector.status = 200;
  tracing.add(call('CA9'));
  await tracing.flush();
  expect(counts).toEqual({ exported: 1, dropped: 0, failed: 3 });
  expect(said.at(-1)).toBe('the collector takes spans again');
});

test.each([
  ['begins at no time', { startMs: NaN }],
  ['ends at no time', { endMs: NaN }],
])('a span that %s is dropped, and takes no other one with it', async (_, times) => {
  start();
  tracing.add(call('CA1', times));
  tracing.add(call('CA2'));
  await tracing.flush();
  expect(counts).toEqual({ exported: 1, dropped: 1, failed: 0 });
  expect(collector.spans.map(({ traceId }) => traceId)).toEqual([traceOf('CA2').traceId]);
  expect(collector.complaints).toEqual([]);
});

test('the queue is bounded while the collector does not answer, and the end comes in time', async () => {
  const silent = start({
    limits: { queueSpansMax: 20, batchSpansMax: 10, delayMs: 5, sendTimeoutMs: 60_000, closeMs: 50 },
  });
  collector.status = 503;
  for (let index = 0; index < 50; index += 1) silent.add(call(`CA${index}`));
  expect(counts).toMatchObject({ dropped: 30 });
  await silent.close();
  expect((counts['dropped'] ?? 0) + (counts['failed'] ?? 0)).toBe(50);
  expect(silent.root('CA1')).toBeNull();
});

test('what waits is sent at the end', async () => {
  start({ limits: { delayMs: 60_000 } });
  for (let index = 0; index < 100; index += 1) tracing.add(call(`CA${index}`));
  await tracing.close();
  expect([collector.spans.length, counts['exported']]).toEqual([100, 100]);
});
